// SPDX-License-Identifier: Apache-2.0
#include "intake/encoding.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <iterator>

#include "core/text.h"

namespace clinnova::intake {
namespace {

// Code points of the bytes 128–255 of one code page; 0 = no character.
using UpperHalf = std::array<char16_t, 128>;

constexpr UpperHalf Latin1() {
  UpperHalf page{};
  for (std::size_t i = 32; i < 128; ++i) page[i] = static_cast<char16_t>(128 + i);
  return page;
}

constexpr UpperHalf Latin9() {
  UpperHalf page = Latin1();
  page[0xA4 - 128] = u'€';
  page[0xA6 - 128] = u'Š';
  page[0xA8 - 128] = u'š';
  page[0xB4 - 128] = u'Ž';
  page[0xB8 - 128] = u'ž';
  page[0xBC - 128] = u'Œ';
  page[0xBD - 128] = u'œ';
  page[0xBE - 128] = u'Ÿ';
  return page;
}

constexpr UpperHalf Windows1252() {
  UpperHalf page = Latin1();
  constexpr char16_t kFirst[] = u"€\0‚ƒ„…†‡ˆ‰Š‹Œ\0Ž\0\0‘’“”•–—˜™š›œ\0žŸ";
  for (std::size_t i = 0; i < 32; ++i) page[i] = kFirst[i];
  return page;
}

constexpr UpperHalf Cp437() {
  UpperHalf page{};
  constexpr char16_t kAll[] =
      u"ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌"
      u"█▄▌▐▀"
      u"αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00A0";
  static_assert(std::size(kAll) == 129);
  for (std::size_t i = 0; i < 128; ++i) page[i] = kAll[i];
  return page;
}

constexpr UpperHalf kLatin1 = Latin1();
constexpr UpperHalf kLatin9 = Latin9();
constexpr UpperHalf kWindows1252 = Windows1252();
constexpr UpperHalf kCp437 = Cp437();
constexpr UpperHalf kNone{};

constexpr std::string_view kDinBytes = "@[\\]{|}~";
constexpr std::u16string_view kDinCharacters = u"§ÄÖÜäöüß";

const UpperHalf& PageOf(Encoding encoding) {
  switch (encoding) {
    case Encoding::kWindows1252: return kWindows1252;
    case Encoding::kIso8859_1: return kLatin1;
    case Encoding::kIso8859_15: return kLatin9;
    case Encoding::kCp437: return kCp437;
    case Encoding::kUtf8:
    case Encoding::kDin66003: break;
  }
  return kNone;
}

void AppendUtf8(char16_t point, std::string& text) {
  if (point < 0x80) {
    text.push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    text.push_back(static_cast<char>(0xC0 | (point >> 6)));
    text.push_back(static_cast<char>(0x80 | (point & 0x3F)));
  } else {
    text.push_back(static_cast<char>(0xE0 | (point >> 12)));
    text.push_back(static_cast<char>(0x80 | ((point >> 6) & 0x3F)));
    text.push_back(static_cast<char>(0x80 | (point & 0x3F)));
  }
}

// Length of the well-formed UTF-8 sequence at `bytes[i]`, 0 when it is ill-formed.
std::size_t SequenceLength(std::string_view bytes, std::size_t i) {
  const auto at = [&](std::size_t k) {
    return k < bytes.size() ? static_cast<std::uint8_t>(bytes[k]) : 0;
  };
  const auto follows = [&](std::size_t k) { return (at(k) & 0xC0) == 0x80; };
  const std::uint8_t first = at(i);
  const std::uint8_t second = at(i + 1);
  if (first < 0x80) return first == 0 ? 0 : 1;
  if (first < 0xC2 || first > 0xF4 || !follows(i + 1)) return 0;
  if (first < 0xE0) return 2;
  if (first < 0xF0) {
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)) return 0;
    return follows(i + 2) ? 3 : 0;
  }
  if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) return 0;
  return follows(i + 2) && follows(i + 3) ? 4 : 0;
}

std::optional<std::size_t> CheckUtf8(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size();) {
    const std::size_t length = SequenceLength(bytes, i);
    if (length == 0) return i;
    i += length;
  }
  return std::nullopt;
}

// The code point of one byte, 0 when it has none.
char16_t PointOf(Encoding encoding, char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  if (byte >= 128) return PageOf(encoding)[byte - 128];
  if (encoding != Encoding::kDin66003) return byte;
  const std::size_t k = kDinBytes.find(c);
  return k == std::string_view::npos || c == 0 ? byte : kDinCharacters[k];
}

// The byte of a code point, or nothing.
std::optional<char> ByteOf(Encoding encoding, char32_t point) {
  if (encoding == Encoding::kDin66003) {
    for (std::size_t k = 0; k < kDinBytes.size(); ++k) {
      if (kDinCharacters[k] == point) return kDinBytes[k];
      if (kDinBytes[k] == static_cast<char>(point) && point < 128) return std::nullopt;
    }
  }
  if (point < 128) return static_cast<char>(point);
  const UpperHalf& page = PageOf(encoding);
  for (std::size_t k = 0; k < page.size(); ++k) {
    if (page[k] != 0 && page[k] == point) return static_cast<char>(128 + k);
  }
  return std::nullopt;
}

char32_t PointAt(std::string_view text, std::size_t i, std::size_t length) {
  const auto at = [&](std::size_t k) { return static_cast<std::uint8_t>(text[k]); };
  if (length == 1) return at(i);
  char32_t point = at(i) & (0xFF >> (length + 1));
  for (std::size_t k = 1; k < length; ++k) point = (point << 6) | (at(i + k) & 0x3F);
  return point;
}

}  // namespace

Result<Encoding> ParseEncoding(std::string_view name) {
  std::string plain;
  for (char c : name) {
    if (c == ' ' || c == '-' || c == '_') continue;
    plain.push_back(core::AsciiLower(c));
  }
  if (plain == "utf8" || plain == "ascii") return Encoding::kUtf8;
  if (plain == "windows1252" || plain == "cp1252") return Encoding::kWindows1252;
  if (plain == "iso88591" || plain == "latin1") return Encoding::kIso8859_1;
  if (plain == "iso885915" || plain == "latin9") return Encoding::kIso8859_15;
  if (plain == "cp437" || plain == "ibm437") return Encoding::kCp437;
  if (plain == "din66003") return Encoding::kDin66003;
  return Fail(ErrorCode::kInvalidInput,
              "encoding: found \"" + std::string(name) +
                  "\", expected UTF-8, Windows-1252, ISO-8859-1, ISO-8859-15, CP437 or DIN 66003");
}

std::string_view EncodingName(Encoding encoding) {
  switch (encoding) {
    case Encoding::kUtf8: return "UTF-8";
    case Encoding::kWindows1252: return "Windows-1252";
    case Encoding::kIso8859_1: return "ISO-8859-1";
    case Encoding::kIso8859_15: return "ISO-8859-15";
    case Encoding::kCp437: return "CP437";
    case Encoding::kDin66003: return "DIN 66003";
  }
  return "";
}

std::optional<std::size_t> DecodeToUtf8(Encoding encoding, std::string_view bytes,
                                        std::string& text) {
  if (encoding == Encoding::kUtf8) {
    text.append(bytes);
    return CheckUtf8(bytes);
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char16_t point = PointOf(encoding, bytes[i]);
    if (point == 0) return i;
    AppendUtf8(point, text);
  }
  return std::nullopt;
}

Result<std::string> EncodeFromUtf8(Encoding encoding, std::string_view text) {
  if (encoding == Encoding::kUtf8) return std::string(text);
  std::string bytes;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = SequenceLength(text, i);
    const auto byte = length == 0 ? std::nullopt : ByteOf(encoding, PointAt(text, i, length));
    if (!byte) {
      return Fail(ErrorCode::kInvalidInput, "text: character at byte " + std::to_string(i) +
                                                " is not in " +
                                                std::string(EncodingName(encoding)));
    }
    bytes.push_back(*byte);
    i += length;
  }
  return bytes;
}

bool IsAscii(std::string_view bytes) {
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    if (word & 0x8080808080808080ULL) return false;
  }
  for (; i < bytes.size(); ++i) {
    if (static_cast<std::uint8_t>(bytes[i]) >= 0x80) return false;
  }
  return true;
}

}  // namespace clinnova::intake
