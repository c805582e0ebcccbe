"""Time-stamps of an independent authority (RFC 3161): the request made at intake, the response verified when it comes.

What is stamped is the intake's list of hashes (`package.intake_list`). The request goes to the authority by whatever
way the house has (`curl --data-binary @request.tsq -H "Content-Type: application/timestamp-query" URL`): Kulla opens no
connection. A response counts when it is over just this list, bears the request's nonce, and is signed by a key whose
certificate for time-stamping leads to a certificate that was given.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)
from rfc3161_client._rust import parse_timestamp_request

from kulla.errors import ConfigError, InputError


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """A verified time-stamp. time: aware, UTC; authority: the subject of the certificate that signed (RFC 4514)."""

    time: datetime
    authority: str
    serial: int


def request_for(data: bytes) -> bytes:
    """A TimeStampReq over the SHA-256 of `data`, with a fresh random nonce, asking for the certificate; DER."""
    builder = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256)
    return builder.nonce(nonce=True).cert_request(cert_request=True).build().as_bytes()


def verified(response: bytes, request: bytes, data: bytes, certificates: bytes) -> TimeStamp:
    """The time-stamp of a response, checked whole.

    Args:
        response, request: DER, as the authority gave and got them.
        data: what was stamped.
        certificates: PEM; the authority's root and others on the way, got by another way than the response.

    Raises InputError saying what does not hold; ConfigError when the certificates cannot be read.
    """
    asked, answer = _request(request), _response(response)
    given = _certificates(certificates)
    digest = hashlib.sha256(data).digest()
    if asked.message_imprint.message != digest:
        raise InputError("time-stamp: the request is for other files than these")
    if answer.status not in (0, 1):
        raise InputError("time-stamp: the authority refused the request; make a new one")
    roots = [each for each in given if each.issuer == each.subject]
    builder = VerifierBuilder.from_request(asked)
    for each in roots or given:
        builder = builder.add_root_certificate(each)
    for each in given:
        builder = builder.add_intermediate_certificate(each) if roots and each not in roots else builder
    try:
        builder.build().verify(answer, digest)
    except (VerificationError, ValueError) as error:
        raise InputError(f"time-stamp: the response does not hold: {error}") from error
    token = answer.tst_info
    return TimeStamp(token.gen_time.astimezone(UTC), _authority(answer, given), token.serial_number)


def _authority(answer: TimeStampResponse, given: list[x509.Certificate]) -> str:
    """Who signed: found by issuer and serial number, which the signature covers."""
    signer = next(iter(answer.signed_data.signer_infos))
    carried = [x509.load_der_x509_certificate(bytes(each)) for each in answer.signed_data.certificates]
    for each in (*carried, *given):
        if each.issuer == signer.issuer and each.serial_number == signer.serial_number:
            return each.subject.rfc4514_string()
    return signer.issuer.rfc4514_string()


def _request(data: bytes) -> TimeStampRequest:
    try:
        # The library reads requests, but exports no name for it.
        return parse_timestamp_request(data)
    except ValueError as error:
        raise InputError("time-stamp: the request is no TimeStampReq (RFC 3161); make a new one") from error


def _response(data: bytes) -> TimeStampResponse:
    try:
        return decode_timestamp_response(data)
    except ValueError as error:
        raise InputError("time-stamp: the response is no TimeStampResp (RFC 3161); ask the authority again") from error


def _certificates(data: bytes) -> list[x509.Certificate]:
    try:
        found = x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise ConfigError("time-stamp: the authority's certificates are not in PEM") from error
    return found
