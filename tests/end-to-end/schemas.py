"""Reports against the schemas that others publish, by implementations that others wrote.

schemas.py XSD JUNIT.XML SARIF-SCHEMA SARIF.JSON ENVELOPE.JSON: ends with 0 where each fits, and
where each schema refuses what was broken on purpose.
"""

import base64
import copy
import json
import sys
import xml.etree.ElementTree as tree

import jsonschema
import xmlschema
from google.protobuf import json_format
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.v1 import statement, statement_pb2


def refused(what, check, *broken):
    """Whatever was broken is found, else the check shows nothing."""
    try:
        check(*broken)
    except Exception:
        return
    sys.exit(f"{what}: what was broken on purpose fits")


def junit(xsd, path):
    schema = xmlschema.XMLSchema(xsd)
    schema.validate(path)
    broken = tree.parse(path)
    for case in broken.iter("testcase"):
        del case.attrib["name"]
    refused("JUnit", schema.validate, broken)


def sarif(schema, path):
    with open(schema) as file:
        schema = json.load(file)
    with open(path) as file:
        log = json.load(file)
    check = jsonschema.validators.validator_for(schema)(schema).validate
    check(log)
    assert log["runs"][0]["results"], "no result to look at"
    broken = copy.deepcopy(log)
    broken["runs"][0]["results"][0]["level"] = "dreadful"
    refused("SARIF", check, broken)


def in_toto(path):
    with open(path) as file:
        envelope = json.load(file)
    assert envelope["payloadType"] == "application/vnd.in-toto+json", envelope["payloadType"]
    payload = json.loads(base64.b64decode(envelope["payload"]))

    def check(payload):
        parsed = json_format.ParseDict(payload, statement_pb2.Statement())
        statement.Statement.copy_from_pb(parsed).validate()
        assert payload["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
        result = json_format.ParseDict(payload["predicate"], test_result_pb2.TestResult())
        assert result.result in ("PASSED", "WARNED", "FAILED"), result.result

    check(payload)
    for key in ("subject", "predicateType", "_type"):
        refused("in-toto", check, {name: of for name, of in payload.items() if name != key})


xsd, report, schema, log, envelope = sys.argv[1:]
junit(xsd, report)
sarif(schema, log)
in_toto(envelope)
