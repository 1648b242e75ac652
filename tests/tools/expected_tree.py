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
"""

import json
import sys
import warnings
from pathlib import Path

import pydicom

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


def main():
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    files = [read(path, relative) for relative, path in sorted(paths.items()) if path.is_file()]
    json.dump({"files": files, "tree": tree(files)}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main()
