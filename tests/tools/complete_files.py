"""Completes DICOM files that are fragments, so that they can be stored.

    complete_files.py FROM TO

Every file of FROM that pydicom reads is written to TO with UIDs, an id and a modality where it has
none; the bytes of all other values stay as they are.
"""

import sys
import warnings
from pathlib import Path

import pydicom
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

ROOT = "1.2.826.0.1.3680043.8.498.78"


def complete(dataset, number):
    uids = {
        "StudyInstanceUID": f"{ROOT}.{number}",
        "SeriesInstanceUID": f"{ROOT}.{number}.1",
        "SOPInstanceUID": f"{ROOT}.{number}.1.1",
        "SOPClassUID": SecondaryCaptureImageStorage,
        "PatientID": f"COMPLETED-{number}",
        "Modality": "OT",
    }
    for keyword, value in uids.items():
        if not dataset.get(keyword):
            setattr(dataset, keyword, value)


def main():
    warnings.simplefilter("ignore")
    source, target = map(Path, sys.argv[1:])
    paths = sorted(path for path in source.rglob("*.dcm") if path.is_file())
    for number, path in enumerate(paths, start=1):
        dataset = pydicom.dcmread(path, force=True, stop_before_pixels=True)
        complete(dataset, number)
        meta = pydicom.dataset.FileMetaDataset()
        meta.TransferSyntaxUID = dataset.file_meta.get("TransferSyntaxUID", ExplicitVRLittleEndian)
        meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.file_meta = meta
        dataset.save_as(target / path.name, enforce_file_format=True)
        print(path.name)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main()
