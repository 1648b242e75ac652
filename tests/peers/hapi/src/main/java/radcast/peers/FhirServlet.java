package radcast.peers;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.provider.DiffProvider;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.provider.JpaSystemProvider;
import ca.uhn.fhir.jpa.provider.merge.PatientMergeProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.interceptor.RequestValidatingInterceptor;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import ca.uhn.fhir.validation.IInstanceValidatorModule;
import java.util.List;
import org.springframework.context.ApplicationContext;

/** HAPI's FHIR API over its storage. */
@SuppressWarnings("serial")
class FhirServlet extends RestfulServer {
  private final transient ApplicationContext beans;

  FhirServlet(ApplicationContext beans) {
    super(beans.getBean(FhirContext.class));
    this.beans = beans;
  }

  @Override
  protected void initialize() {
    Options options = beans.getBean(Options.class);
    setDefaultResponseEncoding(EncodingEnum.JSON);
    registerProviders(
        beans.getBean("myResourceProvidersR4", ResourceProviderFactory.class).createProviders());
    registerProvider(beans.getBean(JpaSystemProvider.class));
    registerProvider(beans.getBean(DiffProvider.class));
    registerProvider(beans.getBean(PatientMergeProvider.class));

    JpaCapabilityStatementProvider capabilities =
        new JpaCapabilityStatementProvider(
            this,
            beans.getBean(IFhirSystemDao.class),
            beans.getBean(JpaStorageSettings.class),
            beans.getBean(ISearchParamRegistry.class),
            beans.getBean(IValidationSupport.class));
    setServerConformanceProvider(capabilities);

    DatabaseBackedPagingProvider pages = beans.getBean(DatabaseBackedPagingProvider.class);
    pages.setDefaultPageSize(options.number("page-size"));
    pages.setMaximumPageSize(options.number("max-page-size"));
    setPagingProvider(pages);

    if (options.is("validate-requests")) {
      RequestValidatingInterceptor validating = new RequestValidatingInterceptor();
      validating.setValidatorModules(List.of(beans.getBean(IInstanceValidatorModule.class)));
      registerInterceptor(validating);
    }
  }
}
