"""Says what pydicom finds in a folder of files, as JSON: an independent reading to hold radcast's
output against.

    expected_tree.py FOLDER

    files   every file, sorted by path:
              path            relative to the folder, with slashes
              size            in bytes
              prefix          whether "DICM" stands at byte 128
              readable        whether pydicom reads it (force=True)
              error           the type of what pydicom raised, of the file or an attribute
              study, series, instance, sop_class, modality   null when missing or empty
              patient_id_present                             whether PatientID is non-empty
              complete        whether all six of these are there
    tree    study -> series -> sorted instances, of the complete files; an instance that several
            files hold stands there once
    studies of the complete files, in the order of "order": what FHIR has to say. Of instances that
            disagree the later counts, and what is missing or no value of its kind counts for nothing.
              patient   its PatientID
              modalities, series_count, instance_count
              started   a dateTime where date, time and offset are known, else a date
              series    uid -> modality, instance_count, started, instances: uid -> sop_class
    patients  PatientID -> names (as FHIR has them, a list for each writing), birth_date, gender
    order   the paths of the complete files that are not of an instance known already, study by study
"""

import datetime
import json
import re
import sys
import warnings
from pathlib import Path

import pydicom
from pydicom.valuerep import TM

ATTRIBUTES = {
    "study": "StudyInstanceUID",
    "series": "SeriesInstanceUID",
    "instance": "SOPInstanceUID",
    "sop_class": "SOPClassUID",
    "modality": "Modality",
}


def text(dataset, keyword):
    """The value of an attribute; None when it is missing or empty."""
    value = dataset.get(keyword)
    if value is None:
        return None
    return str(value).strip(" \0") or None


def read(path, relative):
    """What pydicom says about one file."""
    with path.open("rb") as stream:
        prefix = stream.read(132)[128:] == b"DICM"
    found = {
        "path": relative,
        "size": path.stat().st_size,
        "prefix": prefix,
        "readable": False,
        "error": None,
        **dict.fromkeys(ATTRIBUTES),
        "patient_id_present": False,
        "complete": False,
    }
    # Whatever pydicom raises about a broken file is its reading of that file.
    try:
        dataset = pydicom.dcmread(path, force=True, stop_before_pixels=True)
    except Exception as error:
        found["error"] = type(error).__name__
        return found
    found["readable"] = True
    for field, keyword in [*ATTRIBUTES.items(), ("patient_id_present", "PatientID")]:
        try:
            found[field] = text(dataset, keyword)
        except Exception as error:
            found["error"] = type(error).__name__
    found["patient_id_present"] = bool(found["patient_id_present"])
    found["complete"] = found["patient_id_present"] and all(found[f] for f in ATTRIBUTES)
    return found


def tree(files):
    """Study -> series -> sorted instances of the complete files."""
    studies = {}
    for file in files:
        if file["complete"]:
            series = studies.setdefault(file["study"], {}).setdefault(file["series"], set())
            series.add(file["instance"])
    return {
        study: {uid: sorted(instances) for uid, instances in sorted(series.items())}
        for study, series in sorted(studies.items())
    }


def ordered(files):
    """The complete files study by study, each instance once: its first file counts."""
    seen, studies = set(), {}
    for file in files:
        uids = (file["study"], file["series"], file["instance"])
        if file["complete"] and uids not in seen:
            seen.add(uids)
            studies.setdefault(file["study"], []).append(file)
    return [file for study in studies.values() for file in study]


def value(dataset, keyword):
    """As text(); what pydicom cannot read or what has several values is none."""
    try:
        found = dataset.get(keyword)
        if isinstance(found, pydicom.multival.MultiValue):
            return None
        return text(dataset, keyword)
    except Exception:
        return None


def date(dataset, keyword):
    """A DA as FHIR writes it; the partial forms keep their precision."""
    digits = (value(dataset, keyword) or "").replace(".", "")
    form = {4: "%Y", 6: "%Y%m", 8: "%Y%m%d"}.get(len(digits))
    if not form or not digits.isascii() or not digits.isdigit():
        return None
    try:
        parsed = datetime.datetime.strptime(digits, form)
    except ValueError:
        return None
    return parsed.strftime({4: "%Y", 6: "%Y-%m", 8: "%Y-%m-%d"}[len(digits)])


def moment(dataset, date_keyword, time_keyword):
    """A dateTime where date, time and offset are known, else a date."""
    day = date(dataset, date_keyword)
    offset = re.fullmatch(r"([+-]\d\d):?(\d\d)", value(dataset, "TimezoneOffsetFromUTC") or "")
    try:
        time = TM(value(dataset, time_keyword))
    except Exception:
        time = None
    if not day or len(day) < 10 or not offset or time is None:
        return day
    return f"{day}T{time.isoformat()}{offset[1]}:{offset[2]}"


def names(dataset):
    """PatientName as FHIR has it: one for each writing that says something."""
    try:
        person = dataset.get("PatientName")
        writings = [(None, person.alphabetic), ("IDE", person.ideographic), ("SYL", person.phonetic)]
    except Exception:
        return []
    return [name(code, group) for code, group in writings if group.strip(" ^\0")]


def name(code, group):
    family, given, middle, prefix, suffix = (
        part.strip(" \0") for part in (group.split("^") + [""] * 5)[:5]
    )
    return {
        "representation": code,
        "family": family or None,
        "given": given.split() + middle.split(),
        "prefix": prefix.split(),
        "suffix": suffix.split(),
    }


def update(known, **said):
    """What is said and says something."""
    known.update({key: value for key, value in said.items() if value})


def facts(folder, files):
    """What FHIR has to say about the studies and the patients of these files."""
    studies, patients = {}, {}
    for file in files:
        dataset = pydicom.dcmread(folder / file["path"], force=True, stop_before_pixels=True)
        patient_id = text(dataset, "PatientID")
        gender = {"M": "male", "F": "female", "O": "other"}.get(value(dataset, "PatientSex"))
        update(
            patients.setdefault(patient_id, {}),
            names=names(dataset),
            birth_date=date(dataset, "PatientBirthDate"),
            gender=gender,
        )
        study = studies.setdefault(file["study"], {"series": {}})
        update(study, patient=patient_id, started=moment(dataset, "StudyDate", "StudyTime"))
        series = study["series"].setdefault(file["series"], {"instances": {}})
        started = moment(dataset, "SeriesDate", "SeriesTime")
        update(series, modality=file["modality"], started=started)
        series["instances"][file["instance"]] = {"sop_class": file["sop_class"]}
    for study in studies.values():
        series = study["series"].values()
        for one in series:
            one["instance_count"] = len(one["instances"])
        study["modalities"] = sorted({one["modality"] for one in series})
        study["series_count"] = len(series)
        study["instance_count"] = sum(one["instance_count"] for one in series)
    return studies, patients


def main():
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    files = [read(path, relative) for relative, path in sorted(paths.items()) if path.is_file()]
    order = ordered(files)
    studies, patients = facts(folder, order)
    found = {
        "files": files,
        "tree": tree(files),
        "studies": studies,
        "patients": patients,
        "order": [file["path"] for file in order],
    }
    json.dump(found, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main()
