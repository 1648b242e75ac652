package radcast.peers;

import java.io.IOException;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/**
 * Starts HAPI FHIR on this machine, empty. Prints its address as one line when it is ready, and
 * ends when its standard input does: with the program that started it.
 */
public final class Hapi {
  private Hapi() {}

  public static void main(String[] arguments) throws Exception {
    System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "warn");
    // HAPI provides for patients twice: once more with the operation that merges them.
    System.setProperty("org.slf4j.simpleLogger.log.ca.uhn.fhir.rest.server.ResourceBinding", "error");
    Options options = new Options(arguments);
    AnnotationConfigApplicationContext beans = new AnnotationConfigApplicationContext();
    beans.registerBean(Options.class, () -> options);
    beans.register(Storage.class);
    beans.refresh();

    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    connector.setPort(options.number("port"));
    server.addConnector(connector);
    ServletContextHandler handler = new ServletContextHandler();
    handler.addServlet(new ServletHolder(new FhirServlet(beans)), "/fhir/*");
    server.setHandler(handler);
    server.start();

    System.out.println("http://127.0.0.1:" + connector.getLocalPort() + "/fhir");
    awaitEndOfInput();
    // Nothing in memory is worth an orderly end.
    Runtime.getRuntime().halt(0);
  }

  private static void awaitEndOfInput() throws IOException {
    while (System.in.read() >= 0) {
      // What is said does not matter.
    }
  }
}
