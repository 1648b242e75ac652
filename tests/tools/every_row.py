"""Writes an instance for each attribute of the mapping, so that every row is filled by one that has
nothing else to say.

    every_row.py FOLDER

Each instance is of a study and a patient of its own. "Base.dcm" says what is required and nothing
else; the others say one attribute more, with those that belong to it. Prints JSON: the keyword of
the attribute -> {"file", "study", "patient"}.
"""

import json
import sys
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

ROOT = "1.2.826.0.1.3680043.8.498.79"


def item(**values):
    """An item of a sequence."""
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def code(value, scheme, meaning):
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def issuer():
    return [item(LocalNamespaceEntityID="RIS")]


def person(number, name):
    """Person Identification Macro (PS3.3 10.1)."""
    return item(
        PersonIdentificationCodeSequence=[code(number, "99LOCAL", name)],
        InstitutionName="Hospital",
    )


THORAX = code("51185008", "SCT", "Thorax")
NAME = "Yamada^Tarou^^Dr.^MD=山田^太郎=やまだ^たろう"
REQUEST = item(
    AccessionNumber="A 2",
    RequestedProcedureID="RP 1",
    PlacerOrderNumberImagingServiceRequest="P 2",
    FillerOrderNumberImagingServiceRequest="F 2",
    RequestedProcedureCodeSequence=[code("RPC", "99LOCAL", "Requested")],
    ReasonForTheRequestedProcedure="Cough",
    ReasonForRequestedProcedureCodeSequence=[code("49727002", "SCT", "Cough (finding)")],
)
SPECIMEN = item(
    SpecimenIdentifier="S 1",
    SpecimenUID=f"{ROOT}.9.9",
    IssuerOfTheSpecimenIdentifierSequence=issuer(),
)
FRAME = item(
    FrameAnatomySequence=[item(AnatomicRegionSequence=[THORAX], FrameLaterality="L")],
)

# The attribute that names the row -> what the instance says for it.
SETS = {
    # Patient
    "PatientID": {},
    "IssuerOfPatientID": {"IssuerOfPatientID": "RIS"},
    "OtherPatientIDsSequence": {
        "OtherPatientIDsSequence": [
            item(PatientID="OTHER 1", IssuerOfPatientID="RIS", TypeOfPatientID="TEXT")
        ]
    },
    "OtherPatientIDs": {"OtherPatientIDs": ["OTHER 2", "OTHER 3"]},
    "PatientName": {"PatientName": NAME},
    "PatientBirthName": {"PatientBirthName": NAME},
    "OtherPatientNames": {"OtherPatientNames": NAME},
    "PatientSex": {"PatientSex": "F"},
    "PatientBirthDate": {"PatientBirthDate": "19800229"},
    "PatientTelephoneNumbers": {"PatientTelephoneNumbers": "+49 30 1234"},
    "PatientTelecomInformation": {"PatientTelecomInformation": "someone@example.org"},
    "PatientAddress": {"PatientAddress": "1 Main Street, Springfield"},
    "CountryOfResidence": {"CountryOfResidence": "Italy"},
    "RegionOfResidence": {"RegionOfResidence": "Lazio"},
    "ResponsiblePerson": {
        "ResponsiblePerson": NAME,
        "ResponsiblePersonRole": "PARENT",
    },
    "ResponsiblePersonRole": {
        "ResponsiblePerson": "Doe^John",
        "ResponsiblePersonRole": "PARENT",
    },
    "ResponsibleOrganization": {"ResponsibleOrganization": "Shelter"},
    "EthnicGroup": {"EthnicGroup": "Sami"},
    "PatientSpeciesDescription": {
        "PatientSpeciesDescription": "Dog",
        "PatientSpeciesCodeSequence": [code("448771007", "SCT", "Canis lupus familiaris")],
    },
    "PatientSpeciesCodeSequence": {
        "PatientSpeciesCodeSequence": [code("448771007", "SCT", "Canis lupus familiaris")]
    },
    "PatientBreedDescription": {
        "PatientSpeciesDescription": "Dog",
        "PatientBreedDescription": "Beagle",
    },
    "PatientBreedCodeSequence": {
        "PatientSpeciesDescription": "Dog",
        "PatientBreedCodeSequence": [code("132395002", "SCT", "Beagle dog breed")],
    },
    "PatientSexNeutered": {"PatientSpeciesDescription": "Dog", "PatientSexNeutered": "ALTERED"},
    "PatientWeight": {"PatientWeight": "72.5", "StudyDate": "20240601"},
    "PatientSize": {"PatientSize": "1.8", "StudyDate": "20240601"},
    # ImagingStudy
    "AccessionNumber": {
        "AccessionNumber": "A 1",
        "IssuerOfAccessionNumberSequence": issuer(),
    },
    "StudyID": {"StudyID": "S1"},
    "StudyDate": {
        "StudyDate": "20240601",
        "StudyTime": "142501",
        "TimezoneOffsetFromUTC": "+0200",
    },
    "StudyDescription": {"StudyDescription": "Chest CT"},
    "AdmissionID": {"AdmissionID": "V 1", "IssuerOfAdmissionIDSequence": issuer()},
    "PlacerOrderNumberImagingServiceRequest": {
        "PlacerOrderNumberImagingServiceRequest": "P 1",
        "OrderPlacerIdentifierSequence": issuer(),
    },
    "FillerOrderNumberImagingServiceRequest": {
        "FillerOrderNumberImagingServiceRequest": "F 1",
        "OrderFillerIdentifierSequence": issuer(),
    },
    "RequestAttributesSequence": {"RequestAttributesSequence": [REQUEST]},
    "ReferringPhysicianName": {
        "ReferringPhysicianName": "Rossi^Maria",
        "ReferringPhysicianIdentificationSequence": [person("R1", "Maria Rossi")],
    },
    "NameOfPhysiciansReadingStudy": {
        "NameOfPhysiciansReadingStudy": ["Bianchi^Carla", "Verdi^Aldo"],
        "PhysiciansReadingStudyIdentificationSequence": [person("B1", "Carla Bianchi")],
    },
    "ProcedureCodeSequence": {"ProcedureCodeSequence": [code("77477000", "SCT", "CT")]},
    "RequestedProcedureCodeSequence": {
        "RequestedProcedureCodeSequence": [code("RPC", "99LOCAL", "Requested")]
    },
    "InstitutionalDepartmentName": {"InstitutionalDepartmentName": "Radiology"},
    "PerformedLocation": {"PerformedLocation": "ROOM 1"},
    "ReasonForTheRequestedProcedure": {"ReasonForTheRequestedProcedure": "Cough"},
    "ReasonForRequestedProcedureCodeSequence": {
        "ReasonForRequestedProcedureCodeSequence": [code("49727002", "SCT", "Cough (finding)")]
    },
    # ImagingStudy.series
    "SeriesNumber": {"SeriesNumber": 3},
    "Modality": {},
    "SeriesDescription": {"SeriesDescription": "Axial"},
    "SeriesDate": {
        "SeriesDate": "20240601",
        "SeriesTime": "142501.25",
        "TimezoneOffsetFromUTC": "+0200",
    },
    "BodyPartExamined": {"BodyPartExamined": "CHEST"},
    "AnatomicRegionSequence": {"AnatomicRegionSequence": [THORAX]},
    "Laterality": {"Laterality": "L"},
    "ImageLaterality": {"ImageLaterality": "R"},
    "FrameLaterality": {"SharedFunctionalGroupsSequence": [FRAME]},
    "SharedFunctionalGroupsSequence": {"SharedFunctionalGroupsSequence": [FRAME]},
    "SpecimenDescriptionSequence": {"SpecimenDescriptionSequence": [SPECIMEN]},
    "PerformingPhysicianName": {
        "PerformingPhysicianName": "Neri^Ugo",
        "PerformingPhysicianIdentificationSequence": [person("N1", "Ugo Neri")],
    },
    "OperatorsName": {
        "OperatorsName": "Gallo^Pia",
        "OperatorIdentificationSequence": [person("G1", "Pia Gallo")],
    },
    "Manufacturer": {
        "Manufacturer": "ACME",
        "ManufacturerModelName": "Scan 1",
        "DeviceSerialNumber": "4711",
    },
    # ImagingStudy.series.instance
    "SOPClassUID": {},
    "InstanceNumber": {"InstanceNumber": 7},
    "ImageType": {"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"]},
    "ContentLabel": {"ContentLabel": "LABEL_1"},
    "ConceptNameCodeSequence": {
        "ConceptNameCodeSequence": [code("126000", "DCM", "Imaging Measurement Report")]
    },
    "DocumentTitle": {"DocumentTitle": "Report"},
}


def instance(number, keyword, values):
    """An instance with what is required, and these values."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = f"{ROOT}.{number}.1.1"
    dataset.StudyInstanceUID = f"{ROOT}.{number}"
    dataset.SeriesInstanceUID = f"{ROOT}.{number}.1"
    dataset.Modality = "CT"
    dataset.PatientID = f"EVERY-{number}"
    for name, value in values.items():
        setattr(dataset, name, value)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


def main():
    folder = Path(sys.argv[1])
    written = {}
    for number, (keyword, values) in enumerate([("Base", {}), *SETS.items()], start=1):
        dataset = instance(number, keyword, values)
        file = f"{keyword}.dcm"
        dataset.save_as(folder / file, enforce_file_format=True)
        written[keyword] = {
            "file": file,
            "study": dataset.StudyInstanceUID,
            "patient": dataset.PatientID,
        }
    json.dump(written, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main()
