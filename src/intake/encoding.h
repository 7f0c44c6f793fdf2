// SPDX-License-Identifier: Apache-2.0
// Text of the single-byte code pages that hospitals' exports still use, and of UTF-8, as UTF-8.
//
//   CLINNOVA_ASSIGN(Encoding encoding, ParseEncoding("Windows-1252"));
//   std::string text;
//   if (auto bad = DecodeToUtf8(encoding, bytes, text)) …  // index of the first byte that is not text
//
// All of them agree with ASCII on the delimiters, quotes and line ends of a CSV file, so a file is cut
// into fields before it is decoded. Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"

namespace clinnova::intake {

/// KBV's xDT field 9106 knows the last four; DIN 66003 is the German variant of ISO 646, where the
/// bytes of @[\]{|}~ are §ÄÖÜäöüß.
enum class Encoding { kUtf8, kWindows1252, kIso8859_1, kIso8859_15, kCp437, kDin66003 };

/// The encoding that a mapping names: "UTF-8", "Windows-1252", "ISO-8859-1", "ISO-8859-15", "CP437",
/// "DIN 66003", in any case, with spaces, "-" and "_" left out or not, and their usual other names
/// ("latin-1", "CP1252"). kInvalidInput names the ones there are.
Result<Encoding> ParseEncoding(std::string_view name);

/// The encoding's name as ParseEncoding's documentation spells it.
std::string_view EncodingName(Encoding encoding);

/// Appends `bytes` as UTF-8 to `text`. Gives nothing when all of it was text, otherwise the index of
/// the first byte that is not: an ill-formed UTF-8 sequence (Unicode 15, table 3-7), a byte without a
/// character in Windows-1252, a C1 control in ISO-8859-1/-15 (in practice a mislabelled Windows-1252
/// file), a byte over 127 in DIN 66003, or NUL in any of them.
std::optional<std::size_t> DecodeToUtf8(Encoding encoding, std::string_view bytes,
                                        std::string& text);

/// `text` (UTF-8) in `encoding`; kInvalidInput when a character has no byte there.
Result<std::string> EncodeFromUtf8(Encoding encoding, std::string_view text);

/// Whether every byte is below 128.
bool IsAscii(std::string_view bytes);

}  // namespace clinnova::intake
