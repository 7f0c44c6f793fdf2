# SPDX-License-Identifier: Apache-2.0
"""The numbers of pseudonym_test.cc: the chain that pseudonym.h describes, by Python's own BLAKE2b (RFC 7693)."""
import hashlib

FIRST, SECOND = bytes(range(32)), bytes(range(32, 64))


def mac(key, *pieces):
    return hashlib.blake2b(b"".join(pieces), key=key, digest_size=32).digest()


def number(mac_bytes):
    return int.from_bytes(mac_bytes[:8], "little") & (2**63 - 1)


def next_number(before):
    return number(mac(SECOND, b"rotated id\0", before.to_bytes(8, "little")))


pseudonym = mac(FIRST, b"pseudonym\0", b"4711")[:16].hex()
person = number(mac(FIRST, b"person\0", b"4711"))
row = number(mac(FIRST, b"row ", b"drug", b"\0", b"1"))
fingerprint = mac(FIRST, b"fingerprint\0")[:8].hex()

print("pseudonym  ", pseudonym, mac(SECOND, b"rotated pseudonym\0", pseudonym.encode())[:16].hex())
print("person     ", person, next_number(person))
print("row        ", row, next_number(row))
print("taken      ", 7, next_number(7))
print("fingerprint", fingerprint, mac(SECOND, b"fingerprint\0", fingerprint.encode())[:8].hex())
