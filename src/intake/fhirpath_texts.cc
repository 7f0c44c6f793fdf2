// SPDX-License-Identifier: Apache-2.0
// Texts in other alphabets: encode, decode, escape, unescape (FHIRPath 2.0, section 5.6, trial use).
#include <array>

#include "core/text.h"
#include "intake/fhirpath_functions.h"

namespace clinnova::intake::fhirpath {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kHex = "0123456789abcdef";

std::string EncodeBase64(std::string_view bytes, std::string_view alphabet) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned block = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      block = block << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += i + k <= bytes.size() ? alphabet[block >> (18 - 6 * k) & 0x3F] : '=';
    }
  }
  return out;
}

/// Nothing when a character is not of the alphabet.
std::optional<std::string> DecodeBase64(std::string_view text, std::string_view alphabet) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t value = alphabet.find(c);
    if (value == alphabet.npos) return std::nullopt;
    bits = (bits << 6 | static_cast<unsigned>(value)) & 0xFFFFFF;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> count & 0xFF);
    }
  }
  return out;
}

std::string EncodeHex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kHex[byte >> 4];
    out += kHex[byte & 0xF];
  }
  return out;
}

std::optional<std::string> DecodeHex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    unsigned byte = 0;
    for (const char c : text.substr(i, 2)) {
      const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
      const std::size_t value = kHex.find(lower);
      if (value == kHex.npos) return std::nullopt;
      byte = 16 * byte + static_cast<unsigned>(value);
    }
    out += static_cast<char>(byte);
  }
  return out;
}

struct Entity {
  std::string_view character, name;
};
constexpr std::array<Entity, 5> kEntities = {
    {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}}};

std::string UnescapeHtml(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::string_view character = text.substr(0, 1);
    std::size_t size = 1;
    for (const Entity& entity : kEntities) {
      if (!text.starts_with(entity.name)) continue;
      character = entity.character;
      size = entity.name.size();
    }
    out += character;
    text.remove_prefix(size);
  }
  return out;
}

std::string EscapeJson(std::string_view text) {
  std::string out;
  AppendJsonString(text, out);
  return out.substr(1, out.size() - 2);
}

std::optional<std::string> UnescapeJson(std::string_view text) {
  // A quote without its backslash is taken as it is.
  std::string quoted = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      quoted += text[i++];
    } else if (text[i] == '"') {
      quoted += '\\';
    }
    quoted += text[i];
  }
  const auto parsed = ParseJsonTree(quoted + "\"");
  if (!parsed || !parsed->root().IsString()) return std::nullopt;
  return std::string(parsed->root().text());
}

/// Calls `use(text, form)`, whose nothing is FHIRPath's empty.
template <typename Use>
Result<Items> InForm(const Call& call, Use use) {
  CLINNOVA_ASSIGN(const auto text, StringInput(call));
  CLINNOVA_ASSIGN(const auto form, StringArgument(call, 0));
  if (!text || !form) return Items();
  const std::optional<std::string> out = use(*text, *form);
  return call.One(out);
}

using Text = std::optional<std::string>;

Result<Items> Encode(const Call& call) {
  return InForm(call, [](std::string_view text, std::string_view form) -> Text {
    if (form == "base64") return EncodeBase64(text, kBase64);
    if (form == "urlbase64") return EncodeBase64(text, kUrlBase64);
    return form == "hex" ? Text(EncodeHex(text)) : std::nullopt;
  });
}

Result<Items> Decode(const Call& call) {
  return InForm(call, [](std::string_view text, std::string_view form) -> Text {
    if (form == "base64") return DecodeBase64(text, kBase64);
    if (form == "urlbase64") return DecodeBase64(text, kUrlBase64);
    return form == "hex" ? DecodeHex(text) : std::nullopt;
  });
}

Result<Items> Escape(const Call& call) {
  return InForm(call, [](std::string_view text, std::string_view form) -> Text {
    if (form == "html") return core::EscapedHtml(text);
    return form == "json" ? Text(EscapeJson(text)) : std::nullopt;
  });
}

Result<Items> Unescape(const Call& call) {
  return InForm(call, [](std::string_view text, std::string_view form) -> Text {
    if (form == "html") return UnescapeHtml(text);
    return form == "json" ? UnescapeJson(text) : std::nullopt;
  });
}

}  // namespace

std::span<const FunctionEntry> TextFunctions() {
  static constexpr FunctionEntry kFunctions[] = {{"encode", 1, 1, Encode},
                                                 {"decode", 1, 1, Decode},
                                                 {"escape", 1, 1, Escape},
                                                 {"unescape", 1, 1, Unescape}};
  return kFunctions;
}

}  // namespace clinnova::intake::fhirpath
