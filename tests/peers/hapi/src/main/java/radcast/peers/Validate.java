package radcast.peers;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport.IssueSeverity;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;

/**
 * Validates FHIR R4 resources with HL7's validator, against what the specification itself defines.
 *
 * <p>Reads one resource a line. Of each it prints what is found, then how often each kind of finding
 * was made, and last how many resources, errors and warnings there were. An empty line ends a batch
 * and has these printed, and the next batch counts anew. Exits with 1 when there was an error.
 *
 * <p>Code systems that the specification does not contain are not known here: their codes are
 * warned of.
 */
public final class Validate {
  private final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
  private final ObjectMapper json = new ObjectMapper();
  private final FhirValidator validator;
  private final Map<String, Integer> kinds = new TreeMap<>();
  private int resources;
  private int errors;
  private int warnings;
  private boolean failed;

  private Validate() {
    FhirContext context = FhirContext.forR4();
    UnknownCodeSystemWarningValidationSupport unknown =
        new UnknownCodeSystemWarningValidationSupport(context);
    unknown.setNonExistentCodeSystemSeverity(IssueSeverity.WARNING);
    ValidationSupportChain definitions =
        new ValidationSupportChain(
            new DefaultProfileValidationSupport(context),
            new CommonCodeSystemsTerminologyService(context),
            new InMemoryTerminologyServerValidationSupport(context),
            unknown,
            new SnapshotGeneratingValidationSupport(context));
    FhirInstanceValidator module = new FhirInstanceValidator(definitions);
    validator = context.newValidator().registerValidatorModule(module);
  }

  public static void main(String[] arguments) throws IOException {
    System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "error");
    Validate validate = new Validate();
    validate.batches();
    System.exit(validate.failed ? 1 : 0);
  }

  private void batches() throws IOException {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.isBlank()) {
        endBatch();
      } else {
        resources++;
        validate(line);
      }
    }
    if (resources > 0) {
      endBatch();
    }
  }

  private void validate(String resource) throws IOException {
    JsonNode tree = json.readTree(resource);
    String type = tree.path("resourceType").asText();
    String name = type + "/" + tree.path("id").asText();
    for (SingleValidationMessage found : validator.validateWithResult(resource).getMessages()) {
      if (found.getSeverity().compareTo(ResultSeverityEnum.ERROR) >= 0) {
        errors++;
      } else if (found.getSeverity() == ResultSeverityEnum.WARNING) {
        warnings++;
      }
      out.println(name + ": " + text(found, found.getLocationString()));
      // Of equal findings the place differs in indices alone.
      String place = found.getLocationString().replaceAll("\\[\\d+]", "");
      kinds.merge(text(found, place), 1, Integer::sum);
    }
  }

  private static String text(SingleValidationMessage found, String place) {
    String message = found.getMessage().replaceAll("\\s+", " ");
    String id = found.getMessageId();
    return found.getSeverity().getCode() + ": " + place + ": " + message + " [" + id + "]";
  }

  private void endBatch() {
    Comparator<Map.Entry<String, Integer>> oftenFirst =
        Map.Entry.<String, Integer>comparingByValue().reversed();
    kinds.entrySet().stream()
        .sorted(oftenFirst)
        .forEach(kind -> out.println(kind.getValue() + " x " + kind.getKey()));
    out.println(resources + " resources, " + errors + " errors, " + warnings + " warnings");
    out.flush();
    failed |= errors > 0;
    kinds.clear();
    resources = 0;
    errors = 0;
    warnings = 0;
  }
}
