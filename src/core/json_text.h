// SPDX-License-Identifier: Apache-2.0
// The two text forms of JSON that Clinnova writes.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace clinnova::core {

/// Canonical JSON: keys sorted, no insignificant space, UTF-8, doubles in shortest round-trip form.
/// Its BLAKE2b-256 is a study's identity.
std::string CanonicalJson(const nlohmann::json& value);

/// A result file's JSON: keys in the order given, two spaces of indent, doubles with 17 significant
/// digits; NaN and infinities become null.
std::string ResultJson(const nlohmann::ordered_json& value);

}  // namespace clinnova::core
