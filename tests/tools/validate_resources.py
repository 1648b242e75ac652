"""Validates FHIR resources with the R4B models of fhir.resources.

    validate_resources.py < resources.ndjson

One resource a line. Prints how many there were; lists each invalid one by type, id and place,
without its values, and exits with 1 when there is any.
"""

import json
import sys

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError


def reasons(line):
    """The name of the resource and what is wrong with it."""
    try:
        resource = json.loads(line)
    except json.JSONDecodeError as error:
        return "?", [f"no JSON: column {error.colno}"]
    if not isinstance(resource, dict):
        return "?", ["no JSON object"]
    name = f"{resource.get('resourceType')}/{resource.get('id')}"
    try:
        model = get_fhir_model_class(resource["resourceType"])
    except (KeyError, TypeError, ValueError):
        return name, ["no resource type of R4B"]
    try:
        model.model_validate(resource)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return name, [describe(reason) for reason in found]
    return name, []


def describe(reason):
    """The place and the kind of an error. The message of a value error may quote the value."""
    place = ".".join(str(step) for step in reason["loc"])
    message = "" if reason["type"] == "value_error" else f": {reason['msg']}"
    return f"{place}: {reason['type']}{message}"


def main():
    count = invalid = 0
    for number, line in enumerate(sys.stdin, start=1):
        if not line.strip():
            continue
        count += 1
        name, found = reasons(line)
        invalid += bool(found)
        for reason in found:
            print(f"line {number}: {name}: {reason}")
    print(f"{count} resources, {invalid} invalid")
    sys.exit(1 if invalid else 0)


if __name__ == "__main__":
    main()
