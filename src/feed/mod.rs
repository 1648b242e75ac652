//! What happened: the change feed of a DICOMweb service.
