"""Checks that are taken away: what a SAML message may be made of, and what its signature covers."""

from tests.support.removed_checks import Edit, Removal, removals

_SAML = "idp_adapters/saml"
_TESTS = "tests/unit/idp_adapters/saml"
_GATE = (f"{_TESTS}/test_gate.py",)
_SHAPE = (f"{_TESTS}/test_gate.py::test_a_signature_of_another_shape_is_refused_before_it_is_looked_at",)
_NAMES = (f"{_TESTS}/test_gate_names.py",)
_SIGNATURE = (f"{_TESTS}/test_signature.py",)
_XML = f"{_SAML}/strict_xml.py"
_DECLARED = 'if body.count(b"<!") != body.count(b"<![CDATA[") + (body.count(b"<!--") if comments else 0):'

REMOVALS = (
    Removal(
        "XML has no DOCTYPE and no entities",
        (
            Edit(_XML, _DECLARED, "if False:"),
            Edit(_XML, "if root.getroottree().docinfo.internalDTD is not None:", "if False:"),
        ),
        _GATE,
    ),
    Removal(
        "XML has no processing instructions and a message no comments",
        (
            Edit(_XML, _DECLARED, "if False:"),
            Edit(_XML, 'if b"<?" in body:', "if False:"),
            Edit(_XML, 'elif event == "pi" or not comments:', "elif False:"),
        ),
        _GATE,
    ),
    *removals(
        _XML,
        _GATE,
        ("XML is no larger than its limit", "if len(octets) > limit:"),
        ("XML is in UTF-8 alone", 'if (declaration["encoding"] or b"utf-8").lower() != b"utf-8":'),
        ("elements are counted before they are parsed", "if len(tags) > 2 * elements + 1:"),
        ("elements are bounded in number and depth", "if depth > MAX_DEPTH or count > elements:"),
        ("an element has no more than 32 attributes", "if len(attributes) > MAX_ATTRIBUTES:"),
        (
            "a tag declares no more than 32 namespaces",
            'if max(tag.count(b"xmlns") for tag in tags) > MAX_NAMESPACES:',
        ),
        ("no two elements have one ID", "if value in ids:"),
        ("no comment stands beside text", "if any(_has_text(element) for element in commented):"),
    ),
    *removals(
        f"{_SAML}/gate.py",
        _GATE,
        ("a message is of the kind that is expected", 'if message.tag != f"{{{PROTOCOL}}}{root}":'),
        ("what was decrypted is an assertion", "if assertion.tag != ASSERTION_TAG:"),
        ("there is one assertion, right below the root", "if parent is not root or assertions < 0:"),
        (
            "no message stands in a message",
            'elif tag.startswith(f"{{{PROTOCOL}}}") and tag.endswith(("Response", "Request", "Query")):',
        ),
        ("nothing makes a library fetch or transform", "if tag in _NEVER:"),
        ("a signature stands on the root or its assertion", "if parent is not root and not on_assertion:"),
        ("there is one signature on an element", "if len(parent.findall(SIGNATURE)) > 1:"),
        (
            "a DataReference is to the EncryptedData beside it",
            'if reference.get("URI") not in known or len(reference):',
        ),
        ("base64 is measured before it is decoded", "if len(text) > limit:"),
        ("of children that must be single there are not two", "if len(found) > 1:"),
    ),
    *removals(
        f"{_SAML}/signature_shape.py",
        _NAMES,
        ("an ID is a plain name", "not _PLAIN_ID.fullmatch(identifier) or ", ""),
    ),
    *removals(
        _XML,
        _NAMES,
        ("an element's name is short with its namespace", "if len(node.tag) > MAX_NAME:"),
        ("an attribute's name is short with its namespace", "if len(name) > MAX_NAME:"),
    ),
    *removals(
        f"{_SAML}/gate.py",
        _NAMES,
        ("DataReferences are few", "if references < 0:"),
    ),
    *removals(
        f"{_SAML}/entity_ids.py",
        (f"{_TESTS}/test_entity_ids.py",),
        ("no two providers are called alike", "if owner != provider:"),
    ),
    *removals(
        f"{_SAML}/signature_shape.py",
        _SHAPE,
        (
            "a signature holds a SignedInfo and a value alone",
            'if [child.tag for child in parts] != [_SIGNED_INFO, f"{{{DSIG}}}SignatureValue"]:',
        ),
        (
            "a Reference is to the element that it stands in",
            ' or reference.get("URI") != f"#{identifier}"',
            "",
        ),
        (
            "the first transform is that of an enveloped signature",
            'if enveloped.get("Algorithm") != ENVELOPED or len(enveloped):',
        ),
        ("canonicalisation is exclusive and without comments", 'if method.get("Algorithm") != EXC_C14N:'),
        (
            "canonicalisation has no unknown parameters",
            "if len(method) > 1 or any(child.tag != _INCLUSIVE or len(child) for child in method):",
        ),
        ("a PrefixList is short", "if len(_prefixes(method)) > MAX_PREFIXES:"),
        ("signatures and digests are of accepted methods", "if algorithm in accepted:", "if True:"),
    ),
    Removal(
        "a signature has exactly one Reference",
        (
            Edit(
                f"{_SAML}/signature_shape.py",
                "if [child.tag for child in signed_info] != expected:",
                "if False:",
            ),
            Edit(
                f"{_SAML}/signature_shape.py",
                "method, reference = signed_info\n",
                "method, reference, *_ = signed_info\n",
            ),
        ),
        _SHAPE,
    ),
    Removal(
        "there are two transforms and no more",
        (
            Edit(
                f"{_SAML}/signature_shape.py",
                'if [child.tag for child in transforms] != [f"{{{DSIG}}}Transform"] * 2:',
                "if False:",
            ),
            Edit(
                f"{_SAML}/signature_shape.py",
                "enveloped, canonicalization = transforms\n",
                "enveloped, *_, canonicalization = transforms\n",
            ),
        ),
        _SHAPE,
    ),
    *removals(
        f"{_SAML}/signature.py",
        _SIGNATURE,
        (
            "an XML signature was made by a pinned key",
            "except (xmlsec.Error, UnsupportedAlgorithm, TypeError, ValueError):\n            continue",
            "except (xmlsec.Error, UnsupportedAlgorithm, TypeError, ValueError):\n            pass",
        ),
        (
            "a detached signature is of an accepted method",
            "    check_algorithm(algorithm, SIGNATURES)\n",
            "    check_algorithm(algorithm, (algorithm,))\n",
        ),
        (
            "a signing key is long enough",
            "if bits < (MIN_RSA_BITS if isinstance(key, rsa.RSAPublicKey) else MIN_EC_BITS):",
        ),
        (
            "our own digest agrees with the library",
            ' or not hmac.compare_digest(digest, decode_base64(reference[2].text or "", 200))',
            "",
        ),
        ("an empty canonical form covers nothing", "if not canonical or not hmac", "if not hmac"),
        ("the library knows no other transform", "self.enable_reference_transform(transform)", "pass"),
        ("the library knows no other signature", "self.enable_signature_transform(transform)", "pass"),
    ),
    *removals(
        f"{_SAML}/signature.py",
        (f"{_TESTS}/test_signature.py::test_a_detached_signature_that_is_not_right_is_refused",),
        (
            "a detached signature was made by a pinned key",
            "except (InvalidSignature, UnsupportedAlgorithm, ValueError):\n            continue",
            "except (InvalidSignature, UnsupportedAlgorithm, ValueError):\n            pass",
        ),
    ),
    *removals(
        f"{_SAML}/signature.py",
        (f"{_TESTS}/test_signature.py::test_the_library_opens_no_file_whatever_context_it_is_given",),
        ("the library opens no file and no address", "xmlsec.cleanup_callbacks()", ""),
    ),
)
