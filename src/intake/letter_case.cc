// SPDX-License-Identifier: Apache-2.0
#include "intake/letter_case.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace clinnova::intake {
namespace {

/// Every `step`-th character from `first` to `last` is a capital whose small letter is `distance` further on.
struct Capitals {
  std::int32_t first;
  std::int32_t last;
  std::int32_t step;
  std::int32_t distance;
};

// Of Unicode's simple mappings those that are each other's inverse, from U+0080 to U+058F and U+1E00 to U+1EFF.
constexpr std::array<Capitals, 84> kCapitals = {
    {{0xC0, 0xD6, 1, 32},     {0xD8, 0xDE, 1, 32},     {0x100, 0x12E, 2, 1},
     {0x132, 0x136, 2, 1},    {0x139, 0x147, 2, 1},    {0x14A, 0x176, 2, 1},
     {0x178, 0x178, 1, -121}, {0x179, 0x17D, 2, 1},    {0x181, 0x181, 1, 210},
     {0x182, 0x184, 2, 1},    {0x186, 0x186, 1, 206},  {0x187, 0x187, 1, 1},
     {0x189, 0x18A, 1, 205},  {0x18B, 0x18B, 1, 1},    {0x18E, 0x18E, 1, 79},
     {0x18F, 0x18F, 1, 202},  {0x190, 0x190, 1, 203},  {0x191, 0x191, 1, 1},
     {0x193, 0x193, 1, 205},  {0x194, 0x194, 1, 207},  {0x196, 0x196, 1, 211},
     {0x197, 0x197, 1, 209},  {0x198, 0x198, 1, 1},    {0x19C, 0x19C, 1, 211},
     {0x19D, 0x19D, 1, 213},  {0x19F, 0x19F, 1, 214},  {0x1A0, 0x1A4, 2, 1},
     {0x1A6, 0x1A6, 1, 218},  {0x1A7, 0x1A7, 1, 1},    {0x1A9, 0x1A9, 1, 218},
     {0x1AC, 0x1AC, 1, 1},    {0x1AE, 0x1AE, 1, 218},  {0x1AF, 0x1AF, 1, 1},
     {0x1B1, 0x1B2, 1, 217},  {0x1B3, 0x1B5, 2, 1},    {0x1B7, 0x1B7, 1, 219},
     {0x1B8, 0x1B8, 1, 1},    {0x1BC, 0x1BC, 1, 1},    {0x1C4, 0x1C4, 1, 2},
     {0x1C7, 0x1C7, 1, 2},    {0x1CA, 0x1CA, 1, 2},    {0x1CD, 0x1DB, 2, 1},
     {0x1DE, 0x1EE, 2, 1},    {0x1F1, 0x1F1, 1, 2},    {0x1F4, 0x1F4, 1, 1},
     {0x1F6, 0x1F6, 1, -97},  {0x1F7, 0x1F7, 1, -56},  {0x1F8, 0x21E, 2, 1},
     {0x220, 0x220, 1, -130}, {0x222, 0x232, 2, 1},    {0x23A, 0x23A, 1, 10795},
     {0x23B, 0x23B, 1, 1},    {0x23D, 0x23D, 1, -163}, {0x23E, 0x23E, 1, 10792},
     {0x241, 0x241, 1, 1},    {0x243, 0x243, 1, -195}, {0x244, 0x244, 1, 69},
     {0x245, 0x245, 1, 71},   {0x246, 0x24E, 2, 1},    {0x370, 0x372, 2, 1},
     {0x376, 0x376, 1, 1},    {0x37F, 0x37F, 1, 116},  {0x386, 0x386, 1, 38},
     {0x388, 0x38A, 1, 37},   {0x38C, 0x38C, 1, 64},   {0x38E, 0x38F, 1, 63},
     {0x391, 0x3A1, 1, 32},   {0x3A3, 0x3AB, 1, 32},   {0x3CF, 0x3CF, 1, 8},
     {0x3D8, 0x3EE, 2, 1},    {0x3F7, 0x3F7, 1, 1},    {0x3F9, 0x3F9, 1, -7},
     {0x3FA, 0x3FA, 1, 1},    {0x3FD, 0x3FF, 1, -130}, {0x400, 0x40F, 1, 80},
     {0x410, 0x42F, 1, 32},   {0x460, 0x480, 2, 1},    {0x48A, 0x4BE, 2, 1},
     {0x4C0, 0x4C0, 1, 15},   {0x4C1, 0x4CD, 2, 1},    {0x4D0, 0x52E, 2, 1},
     {0x531, 0x556, 1, 48},   {0x1E00, 0x1E94, 2, 1},  {0x1EA0, 0x1EFE, 2, 1}}};

/// What has no inverse.
struct OneWay {
  std::int32_t from;
  std::string_view to;
};
constexpr std::array<OneWay, 5> kOnlyUpper = {
    {{0xB5, "\u039C"}, {0xDF, "SS"}, {0x131, "I"}, {0x17F, "S"}, {0x3C2, "\u03A3"}}};
constexpr std::array<OneWay, 2> kOnlyLower = {{{0x130, "i\u0307"}, {0x1E9E, "\u00DF"}}};

/// The character's number; that of no letter for what is no UTF-8 of two or three bytes.
std::int32_t CodeOf(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<std::int32_t>(character[i]) & 0xFF; };
  if (character.size() == 2) return (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
  if (character.size() != 3) return 0;
  return (byte(0) & 0xF) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
}

void Append(std::int32_t code, std::string& out) {
  if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
  } else {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
  }
  out += static_cast<char>(0x80 | (code & 0x3F));
}

/// How far the other case is from the capital or small letter `code`; 0 for what has none.
std::int32_t Distance(std::int32_t code, bool upper) {
  for (const Capitals& run : kCapitals) {
    const std::int32_t capital = upper ? code - run.distance : code;
    if (capital < run.first || capital > run.last) continue;
    if ((capital - run.first) % run.step == 0) return upper ? -run.distance : run.distance;
  }
  return 0;
}

template <typename Table>
const OneWay* Find(const Table& table, std::int32_t code) {
  const auto found = std::ranges::find(table, code, &OneWay::from);
  return found == table.end() ? nullptr : &*found;
}

void AppendOther(std::string_view character, bool upper, std::string& out) {
  const std::int32_t code = CodeOf(character);
  const OneWay* special = upper ? Find(kOnlyUpper, code) : Find(kOnlyLower, code);
  if (special) {
    out += special->to;
  } else if (const std::int32_t distance = Distance(code, upper)) {
    Append(code + distance, out);
  } else {
    out += character;
  }
}

std::string Cased(std::string_view text, bool upper) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::size_t size = 1;
    if (static_cast<unsigned char>(text.front()) < 0x80) {
      const char c = text.front();
      const bool change = upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z';
      out += change ? static_cast<char>(c ^ 0x20) : c;
    } else {
      while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) ++size;
      AppendOther(text.substr(0, size), upper, out);
    }
    text.remove_prefix(size);
  }
  return out;
}

}  // namespace

std::string LowerCase(std::string_view text) { return Cased(text, false); }
std::string UpperCase(std::string_view text) { return Cased(text, true); }

}  // namespace clinnova::intake
