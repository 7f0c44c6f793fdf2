// SPDX-License-Identifier: Apache-2.0
// The consortium's certificates: an authority made by `hub init`, the hub's server certificate, and one
// client certificate per site, signed on enrolment. P-256 keys, X.509 by OpenSSL; texts are PEM.
//
//   CLINNOVA_ASSIGN(Credential authority, MakeAuthority("Clinnova demo"));
//   CLINNOVA_ASSIGN(KeyRequest request, MakeKeyRequest("basel"));          // at the site
//   CLINNOVA_ASSIGN(std::string certificate, SignRequest(authority, "", request.request, "basel"));
//
// Property: only who holds the authority's key makes certificates that sites and hub accept. Security
// level: 128 bits. Thread rule: any thread.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/error.h"

namespace clinnova::network {

/// A certificate and its private key.
struct Credential {
  std::string certificate{};
  std::string key{};  ///< secret: for a file of mode 0600
};

/// A private key and the request to certify it.
struct KeyRequest {
  std::string request{};
  std::string key{};  ///< secret
};

/// A self-signed authority of ten years; its key is encrypted under `password` unless that is empty.
Result<Credential> MakeAuthority(const std::string& name, const std::string& password);
/// The hub's certificate of two years for the given DNS names and addresses.
Result<Credential> MakeServerCertificate(const Credential& authority, const std::string& password,
                                         const std::vector<std::string>& hosts);
/// A fresh key and a request under `name`.
Result<KeyRequest> MakeKeyRequest(const std::string& name);
/// A client certificate of two years for the key in `request`. kInvalidInput when the request is malformed, not signed by
/// its key or for another name, and for a wrong password.
Result<std::string> SignRequest(const Credential& authority, const std::string& password,
                                const std::string& request, const std::string& name);

/// SHA-256 of the certificate, 64 lower-case hexadecimal digits; kInvalidInput when it is none.
Result<std::string> Fingerprint(const std::string& certificate);
/// kInvalidInput when `password` does not open the authority's key.
Result<void> CheckPassword(const Credential& authority, const std::string& password);

/// The authority's certificate that the server at `address` ("host:port") shows, provided that it has
/// this fingerprint. kUnreachable when nobody answers or another authority stands there.
Result<std::string> FetchAuthority(const std::string& address, const std::string& fingerprint,
                                   std::chrono::milliseconds timeout);

}  // namespace clinnova::network
