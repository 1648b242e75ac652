"""Writes radiation dose reports as DICOM files, after the templates of PS3.16.

    dose_reports.py FOLDER

x_ray.dcm           TID 10001, a biplane angiography of three events
ct.dcm              TID 10011, two acquisitions
mammography.dcm     TID 10001 as mammographs fill it, with codes of SNOMED RT
administration.dcm  TID 10021, one injection, with codes of SNOMED RT
x_ray_revised.dcm   the first again: the same instance, one event less, another total

Nothing in them is of a real patient. They hold what devices really write: values that were not
measured, items by reference, scheme versions, meanings in other words.
"""

import sys
from pathlib import Path

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

ROOT = "1.2.826.0.1.3680043.8.498.77"
STORAGE_CLASS = {
    "x_ray": "1.2.840.10008.5.1.4.1.1.88.67",
    "administration": "1.2.840.10008.5.1.4.1.1.88.68",
}


def code(value, scheme, meaning, version=None):
    item = Dataset()
    item.CodeValue = value
    item.CodingSchemeDesignator = scheme
    if version:
        item.CodingSchemeVersion = version
    item.CodeMeaning = meaning
    return item


def dcm(value, meaning):
    return code(value, "DCM", meaning)


def ucum(value, meaning=None):
    return code(value, "UCUM", meaning or value, "1.4")


def item(relationship, value_type, name, children=()):
    content = Dataset()
    content.RelationshipType = relationship
    content.ValueType = value_type
    content.ConceptNameCodeSequence = [name]
    if value_type == "CONTAINER":
        content.ContinuityOfContent = "SEPARATE"
    if children:
        content.ContentSequence = list(children)
    return content


def container(name, *children):
    return item("CONTAINS", "CONTAINER", name, children)


def coded(name, value, *children, relationship="CONTAINS"):
    content = item(relationship, "CODE", name, children)
    content.ConceptCodeSequence = [value]
    return content


def number(name, value, unit, *children):
    content = item("CONTAINS", "NUM", name, children)
    measured = Dataset()
    measured.NumericValue = value
    measured.MeasurementUnitsCodeSequence = [unit]
    content.MeasuredValueSequence = [measured]
    return content


def unmeasured(name):
    content = item("CONTAINS", "NUM", name)
    content.MeasuredValueSequence = []
    content.NumericValueQualifierCodeSequence = [dcm("114006", "Measurement failure")]
    return content


def text(name, value, relationship="CONTAINS"):
    content = item(relationship, "TEXT", name)
    content.TextValue = value
    return content


def uid(name, value, relationship="CONTAINS"):
    content = item(relationship, "UIDREF", name)
    content.UID = value
    return content


def moment(name, value, relationship="CONTAINS"):
    content = item(relationship, "DATETIME", name)
    content.DateTime = value
    return content


def person(name, value):
    content = item("HAS OBS CONTEXT", "PNAME", name)
    content.PersonName = value
    return content


def by_reference(*place):
    content = Dataset()
    content.RelationshipType = "INFERRED FROM"
    content.ReferencedContentItemIdentifier = list(place)
    return content


def procedure(value):
    intent = coded(
        code("363703001", "SCT", "Has Intent"),
        code("261004008", "SCT", "Diagnostic Intent"),
        relationship="HAS CONCEPT MOD",
    )
    name = dcm("121058", "Procedure reported")
    return coded(name, value, intent, relationship="HAS CONCEPT MOD")


def observers(device_uid):
    context = "HAS OBS CONTEXT"
    return [
        coded(dcm("121005", "Observer Type"), dcm("121007", "Device"), relationship=context),
        uid(dcm("121012", "Device Observer UID"), device_uid, context),
        text(dcm("121013", "Device Observer Name"), "Room 3", context),
        text(dcm("121014", "Device Observer Manufacturer"), "Example Devices", context),
        text(dcm("121015", "Device Observer Model Name"), "Model X", context),
        text(dcm("121016", "Device Observer Serial Number"), "SN-4711", context),
        coded(dcm("121005", "Observer Type"), dcm("121006", "Person"), relationship=context),
        person(dcm("121008", "Person Observer Name"), "Grey^Meredith^^Dr."),
    ]


def scope(study):
    name = dcm("113705", "Scope of Accumulation")
    of_study = uid(dcm("110180", "Study Instance UID"), study, "HAS PROPERTIES")
    return coded(name, dcm("113014", "Study"), of_study, relationship="HAS OBS CONTEXT")


SOURCE = coded(
    dcm("113854", "Source of Dose Information"), dcm("113856", "Automated Data Collection")
)
PLANE = dcm("113764", "Acquisition Plane")
PLANES = {"A": dcm("113620", "Plane A"), "B": dcm("113621", "Plane B")}
AREA_PRODUCT = ucum("Gy.m2")


def x_ray_total(plane, area, dose, fluoro, frames):
    return container(
        dcm("113702", "Accumulated X-Ray Dose Data"),
        coded(PLANE, PLANES[plane], relationship="HAS CONCEPT MOD"),
        number(dcm("113722", "Dose Area Product Total"), area, AREA_PRODUCT),
        number(dcm("113725", "Dose (RP) Total"), dose, ucum("Gy")),
        unmeasured(dcm("113727", "Acquisition Dose Area Product Total")),
        number(dcm("113726", "Fluoro Dose Area Product Total"), area, AREA_PRODUCT),
        number(dcm("113728", "Fluoro Dose (RP) Total"), dose, ucum("Gy")),
        number(dcm("113730", "Total Fluoro Time"), fluoro, ucum("s")),
        number(dcm("113729", "Acquisition Dose (RP) Total"), "0", ucum("Gy")),
        number(dcm("113855", "Total Acquisition Time"), "0", ucum("s")),
        number(dcm("113731", "Total Number of Radiographic Frames"), frames, ucum("1", "no units")),
    )


def x_ray_event(number_of_event, plane, started, area):
    pulses = [number(dcm("113733", "KVP"), value, ucum("kV")) for value in ("78", "78.5", "79")]
    return container(
        dcm("113706", "Irradiation Event X-Ray Data"),
        coded(PLANE, PLANES[plane], relationship="HAS CONCEPT MOD"),
        uid(dcm("113769", "Irradiation Event UID"), f"{ROOT}.1.9.{number_of_event}"),
        moment(dcm("111526", "DateTime Started"), started),
        coded(dcm("113721", "Irradiation Event Type"), code("44491008", "SCT", "Fluoroscopy")),
        text(dcm("125203", "Acquisition Protocol"), "Coro low dose"),
        coded(dcm("123014", "Target Region"), code("80891009", "SCT", "Heart", "20240101")),
        number(dcm("122130", "Dose Area Product"), area, AREA_PRODUCT),
        number(dcm("113738", "Dose (RP)"), "0.151", ucum("Gy")),
        coded(dcm("113732", "Fluoro Mode"), dcm("113631", "Pulsed")),
        number(dcm("113768", "Number of Pulses"), "240", ucum("1", "no units")),
        number(dcm("113742", "Irradiation Duration"), "16.5", ucum("s")),
        number(dcm("113824", "Exposure Time"), "1320", ucum("ms")),
        *pulses,
        by_reference(1, 6),
    )


def x_ray(revised=False):
    events = [
        x_ray_event(1, "A", "20240415161755+0200", "0.00121"),
        x_ray_event(2, "B", "20240415162240+0200", "0.00200"),
        x_ray_event(3, "A", "20240415163105.25+0200", "0"),
    ]
    study = f"{ROOT}.1.1"
    content = [
        procedure(dcm("113704", "Projection X-Ray")),
        *observers(f"{ROOT}.1.8"),
        scope(study),
        x_ray_total("A", "0.0042" if revised else "0.00321", "0.412", "184", "0"),
        x_ray_total("B", "0.00200", "0.261", "16.5", "96"),
        *(events[:2] if revised else events),
        SOURCE,
    ]
    title = code("113701", "DCM", "Radiation dose, in the vendor's own words", "01")
    return report("x_ray", 1, title, "10001", content)


def ct_event(number_of_event, region, protocol, kind, dose):
    phantom = dcm("113691", "IEC Body Dosimetry Phantom")
    estimate = number(dcm("113930", "Size Specific Dose Estimation"), "9.7", ucum("mGy"))
    return container(
        dcm("113819", "CT Acquisition"),
        text(dcm("125203", "Acquisition Protocol"), protocol),
        coded(dcm("123014", "Target Region"), region),
        coded(dcm("113820", "CT Acquisition Type"), kind),
        uid(dcm("113769", "Irradiation Event UID"), f"{ROOT}.2.9.{number_of_event}"),
        container(
            dcm("113822", "CT Acquisition Parameters"),
            number(dcm("113824", "Exposure Time"), "4.62", ucum("s")),
            number(dcm("113825", "Scanning Length"), "312", ucum("mm")),
            container(
                dcm("113831", "CT X-Ray Source Parameters"),
                number(dcm("113733", "KVP"), "120", ucum("kV")),
            ),
        ),
        *(
            [
                container(
                    dcm("113829", "CT Dose"),
                    number(dcm("113830", "Mean CTDIvol"), dose, ucum("mGy")),
                    coded(dcm("113835", "CTDIw Phantom Type"), phantom),
                    number(dcm("113838", "DLP"), "263.80", ucum("mGy.cm")),
                    number(dcm("113839", "Effective Dose"), "4.1", ucum("mSv")),
                    estimate,
                )
            ]
            if dose
            else []
        ),
    )


def ct():
    content = [
        procedure(code("77477000", "SCT", "Computed Tomography X-Ray")),
        *observers(f"{ROOT}.2.8"),
        moment(
            dcm("113809", "Start of X-Ray Irradiation"), "20240415090000", "HAS OBS CONTEXT"
        ),
        moment(dcm("113810", "End of X-Ray Irradiation"), "20240415090730", "HAS OBS CONTEXT"),
        scope(f"{ROOT}.2.1"),
        container(
            dcm("113811", "CT Accumulated Dose Data"),
            number(dcm("113812", "Total Number of Irradiation Events"), "2", ucum("{events}")),
            number(dcm("113813", "CT Dose Length Product Total"), "263.80", ucum("mGy.cm")),
            number(dcm("113814", "CT Effective Dose Total"), "4.1", ucum("mSv")),
        ),
        ct_event(
            1,
            code("51185008", "SCT", "Chest"),
            "Topogram",
            dcm("113805", "Constant Angle Acquisition"),
            None,
        ),
        ct_event(
            2, code("T-D3000", "SRT", "Chest"), "Thorax", code("P5-08001", "SRT", "Spiral"), "8.46"
        ),
        SOURCE,
    ]
    return report("x_ray", 2, dcm("113701", "X-Ray Radiation Dose Report"), "10011", content)


def mammography():
    def side(value):
        sides = {"L": ("T-04030", "Left breast"), "R": ("T-04020", "Right breast")}
        meaning = code(sides[value][0], "SRT", sides[value][1])
        return coded(code("G-C171", "SRT", "Laterality"), meaning, relationship="HAS CONCEPT MOD")

    def total(value, of_side):
        name = dcm("111637", "Accumulated Average Glandular Dose")
        return number(name, value, ucum("mGy"), side(of_side))

    event = container(
        dcm("113706", "Irradiation Event X-Ray Data"),
        coded(PLANE, dcm("113622", "Single Plane"), relationship="HAS CONCEPT MOD"),
        uid(dcm("113769", "Irradiation Event UID"), f"{ROOT}.3.9.1"),
        moment(dcm("111526", "DateTime Started"), "20240416101500"),
        coded(dcm("123014", "Target Region"), code("T-04000", "SRT", "Breast"), side("L")),
        number(dcm("111631", "Average Glandular Dose"), "1.42", ucum("mGy")),
        number(dcm("111636", "Entrance Exposure at RP"), "5.9", ucum("mGy")),
    )
    content = [
        procedure(code("P5-40010", "SRT", "Mammography")),
        *observers(f"{ROOT}.3.8")[:2],
        container(
            dcm("113702", "Accumulated X-Ray Dose Data"),
            coded(PLANE, dcm("113622", "Single Plane"), relationship="HAS CONCEPT MOD"),
            total("1.42", "L"),
            total("0.00", "R"),
        ),
        event,
        SOURCE,
    ]
    return report("x_ray", 3, dcm("113701", "X-Ray Radiation Dose Report"), "10001", content)


def administration():
    agent = coded(
        code("F-61FDB", "SRT", "Radiopharmaceutical agent"),
        code("C-B1031", "SRT", "Fluorodeoxyglucose F^18^"),
        coded(
            code("C-10072", "SRT", "Radionuclide"),
            code("C-111A1", "SRT", "^18^Fluorine"),
            relationship="HAS PROPERTIES",
        ),
    )
    content = [
        procedure(code("44491008", "SCT", "Positron emission tomography")),
        *observers(f"{ROOT}.4.8"),
        container(
            dcm("113502", "Radiopharmaceutical Administration"),
            agent,
            uid(dcm("113503", "Radiopharmaceutical Administration Event UID"), f"{ROOT}.4.9.1"),
            moment(dcm("123003", "Radiopharmaceutical Start DateTime"), "20240417080000"),
            moment(dcm("123004", "Radiopharmaceutical Stop DateTime"), "20240417080030"),
            number(dcm("113507", "Administered activity"), "250.5", ucum("MBq")),
            number(dcm("113508", "Pre-Administration Measured Activity"), "262", ucum("MBq")),
            number(dcm("113509", "Post-Administration Measured Activity"), "11.5", ucum("MBq")),
            number(dcm("123005", "Radiopharmaceutical Volume"), "2.5", ucum("cm3")),
            coded(
                code("G-C340", "SRT", "Route of administration"),
                code("G-D101", "SRT", "Intravenous route"),
            ),
        ),
    ]
    title = dcm("113500", "Radiopharmaceutical Radiation Dose Report")
    return report("administration", 4, title, "10021", content)


def report(kind, at, title, template, content):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = STORAGE_CLASS[kind]
    meta.MediaStorageSOPInstanceUID = f"{ROOT}.{at}.3"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = f"{ROOT}.0"
    dataset = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = meta.MediaStorageSOPClassUID
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID = f"{ROOT}.{at}.1"
    dataset.SeriesInstanceUID = f"{ROOT}.{at}.2"
    dataset.Modality = "SR"
    dataset.PatientID = f"DOSE-{at}"
    dataset.PatientName = "Muster^Dose"
    dataset.PatientBirthDate = "19700101"
    dataset.PatientSex = "O"
    dataset.StudyDate, dataset.StudyTime = "20240415", "080000"
    dataset.ContentDate, dataset.ContentTime = "20240415", "170000"
    dataset.TimezoneOffsetFromUTC = "+0200"
    dataset.StudyID, dataset.AccessionNumber = "", f"ACC-{at}"
    dataset.ReferringPhysicianName = ""
    dataset.SeriesNumber, dataset.InstanceNumber = 990 + at, 1
    dataset.Manufacturer = "Example Devices"
    dataset.CompletionFlag = "COMPLETE"
    dataset.VerificationFlag = "UNVERIFIED"
    dataset.PerformedProcedureCodeSequence = []
    dataset.ReferencedPerformedProcedureStepSequence = []
    dataset.ValueType = "CONTAINER"
    dataset.ContinuityOfContent = "SEPARATE"
    dataset.ConceptNameCodeSequence = [title]
    identification = Dataset()
    identification.MappingResource = "DCMR"
    identification.TemplateIdentifier = template
    dataset.ContentTemplateSequence = [identification]
    dataset.ContentSequence = content
    return dataset


def main():
    folder = Path(sys.argv[1])
    reports = {
        "x_ray": x_ray(),
        "x_ray_revised": x_ray(revised=True),
        "ct": ct(),
        "mammography": mammography(),
        "administration": administration(),
    }
    for name, dataset in reports.items():
        dataset.save_as(folder / f"{name}.dcm", enforce_file_format=True)


if __name__ == "__main__":
    main()
