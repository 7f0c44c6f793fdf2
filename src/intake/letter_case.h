// SPDX-License-Identifier: Apache-2.0
// Capital and small letters of the Latin, Greek, Cyrillic and Armenian alphabets in UTF-8 (The Unicode Standard 14,
// UnicodeData.txt and SpecialCasing.txt), whatever the locale.
//
//   LowerCase("ÄRZTIN Žižková");   // "ärztin žižková"
//   UpperCase("straße");           // "STRASSE"
#pragma once

#include <string>
#include <string_view>

namespace clinnova::intake {

/// Other characters, and bytes that are no UTF-8, stay as they are. Any thread.
std::string LowerCase(std::string_view text);
std::string UpperCase(std::string_view text);

}  // namespace clinnova::intake
