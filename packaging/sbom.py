#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Software bill of materials, SPDX 2.3 as JSON, of an installed tree: every file with its hashes, and the libraries that programs need.

    sbom.py NAME VERSION ROOT [LIBRARY=VERSION]... > callgate.spdx.json

ROOT is what "make install DESTDIR=ROOT" filled. LIBRARY=VERSION: the libraries that the build knew. The same tree gives the same bytes: the
time is SOURCE_DATE_EPOCH's, and the document's name is made from the files' hashes.
"""
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path


def identifier(kind, name):
    return f"SPDXRef-{kind}-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)


def needed(path):
    """The sonames that an ELF file needs."""
    with path.open("rb") as file:
        if file.read(4) != b"\x7fELF":
            return []
    text = subprocess.run(["readelf", "-dW", str(path)], check=True, capture_output=True, text=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.*)\]", text)


def entry(path, root, number):
    data = path.read_bytes()
    return {"SPDXID": f"SPDXRef-File-{number}", "fileName": "./" + str(path.relative_to(root)),
            "checksums": [{"algorithm": name, "checksumValue": hashlib.new(name.lower(), data).hexdigest()} for name in ("SHA1", "SHA256")],
            "licenseConcluded": "LGPL-2.1-or-later", "licenseInfoInFiles": ["NOASSERTION"], "copyrightText": "NOASSERTION"}


def package(name, version, **more):
    return {"SPDXID": identifier("Package", name), "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False, "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION", **more}


def relation(one, kind, other):
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}


def document(name, version, root, libraries):
    paths = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    files = [entry(path, root, number) for number, path in enumerate(paths, 1)]
    if not files:
        sys.exit(f"sbom.py: no files in {root}")
    code = hashlib.sha1("".join(sorted(file["checksums"][0]["checksumValue"] for file in files)).encode()).hexdigest()
    main = package(name, version, filesAnalyzed=True, licenseConcluded="LGPL-2.1-or-later", licenseDeclared="LGPL-2.1-or-later",
                   licenseInfoFromFiles=["NOASSERTION"], packageVerificationCode={"packageVerificationCodeValue": code})
    relations = [relation("SPDXRef-DOCUMENT", "DESCRIBES", main["SPDXID"])]
    relations += [relation(main["SPDXID"], "CONTAINS", file["SPDXID"]) for file in files]
    packages = [main]
    for library, library_version in sorted(libraries):
        packages.append(package(library, library_version))
        relations.append(relation(packages[-1]["SPDXID"], "OPTIONAL_DEPENDENCY_OF", main["SPDXID"]))
    own = {path.name for path in root.rglob("*.so*")}
    sonames = {}
    for path, file in zip(paths, files):
        for soname in needed(path):
            if soname not in own:
                sonames.setdefault(soname, []).append(file["SPDXID"])
    for soname, users in sorted(sonames.items()):
        packages.append(package(soname, "NOASSERTION"))
        relations += [relation(user, "DYNAMIC_LINK", packages[-1]["SPDXID"]) for user in users]
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))))
    return {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"{name}-{version}",
            "documentNamespace": f"https://callgate.invalid/spdx/{name}-{version}-{code}",
            "creationInfo": {"created": when, "creators": [f"Tool: sbom.py-{version}"]},
            "documentDescribes": [main["SPDXID"]], "packages": packages, "files": files, "relationships": relations}


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    libraries = [tuple(word.split("=", 1)) for word in sys.argv[4:]]
    json.dump(document(sys.argv[1], sys.argv[2], Path(sys.argv[3]), libraries), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
