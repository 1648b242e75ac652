package radcast.peers;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What may be said on the command line: {@code --name=value}, each with a default. */
final class Options {
  private static final Map<String, String> DEFAULTS =
      Map.ofEntries(
          Map.entry("port", "0"),
          Map.entry("page-size", "20"),
          Map.entry("max-page-size", "200"),
          Map.entry("max-transaction-entries", "none"),
          Map.entry("integrity-on-write", "true"),
          Map.entry("integrity-on-delete", "true"),
          Map.entry("placeholders", "false"),
          Map.entry("client-ids", "ALPHANUMERIC"),
          Map.entry("server-ids", "SEQUENTIAL_NUMERIC"),
          Map.entry("match-url-cache", "false"),
          Map.entry("reuse-searches-ms", "60000"),
          Map.entry("total", "none"),
          Map.entry("validate-requests", "false"));

  private final Map<String, String> given = new TreeMap<>();

  Options(String[] arguments) {
    for (String argument : arguments) {
      String[] parts = argument.split("=", 2);
      String name = parts[0].startsWith("--") ? parts[0].substring(2) : "";
      if (parts.length < 2 || !DEFAULTS.containsKey(name)) {
        throw new IllegalArgumentException(argument + " is none of " + usage());
      }
      given.put(name, parts[1]);
    }
  }

  private static String usage() {
    Set<String> lines = new java.util.TreeSet<>();
    DEFAULTS.forEach((name, value) -> lines.add("--" + name + "=" + value));
    return String.join(" ", lines);
  }

  String text(String name) {
    return given.getOrDefault(name, DEFAULTS.get(name));
  }

  boolean is(String name) {
    return Boolean.parseBoolean(text(name));
  }

  int number(String name) {
    return Integer.parseInt(text(name));
  }

  /** A number, or null for {@code none}. */
  Integer limit(String name) {
    return text(name).equals("none") ? null : Integer.valueOf(text(name));
  }

  <E extends Enum<E>> E one(String name, Class<E> of) {
    return Enum.valueOf(of, text(name));
  }
}
