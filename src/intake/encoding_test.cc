// SPDX-License-Identifier: Apache-2.0
#include "intake/encoding.h"

#include <gtest/gtest.h>

namespace clinnova::intake {
namespace {

std::string Decoded(Encoding encoding, std::string_view bytes) {
  std::string text;
  EXPECT_FALSE(DecodeToUtf8(encoding, bytes, text).has_value());
  return text;
}

TEST(Encoding, ReadsItsManyNames) {
  EXPECT_EQ(*ParseEncoding("utf-8"), Encoding::kUtf8);
  EXPECT_EQ(*ParseEncoding("Windows-1252"), Encoding::kWindows1252);
  EXPECT_EQ(*ParseEncoding("latin-1"), Encoding::kIso8859_1);
  EXPECT_EQ(*ParseEncoding("ISO_8859-15"), Encoding::kIso8859_15);
  EXPECT_EQ(*ParseEncoding("CP437"), Encoding::kCp437);
  EXPECT_EQ(*ParseEncoding("DIN 66003"), Encoding::kDin66003);
  const auto wrong = ParseEncoding("EBCDIC");
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(wrong.error().message.find("EBCDIC"), std::string::npos);
}

TEST(Encoding, DecodesUmlautsAndMicroSignsOfEveryCodePage) {
  EXPECT_EQ(Decoded(Encoding::kWindows1252, "m\xE4nnlich \x80 \xB5mol \x9C"), "männlich € µmol œ");
  EXPECT_EQ(Decoded(Encoding::kIso8859_1, "F\xE9minin \xB5mol"), "Féminin µmol");
  EXPECT_EQ(Decoded(Encoding::kIso8859_15, "\xA4 \xBD \xE4"), "€ œ ä");
  EXPECT_EQ(Decoded(Encoding::kCp437, "m\x84nnlich \xE6mol/l \xE1"), "männlich µmol/l ß");
  EXPECT_EQ(Decoded(Encoding::kDin66003, "m{nnlich @ ~ [\\]|}"), "männlich § ß ÄÖÜöü");
  EXPECT_EQ(Decoded(Encoding::kUtf8, "männlich ≤ 𝛼"), "männlich ≤ 𝛼");
}

TEST(Encoding, NamesTheFirstByteThatIsNoText) {
  struct Case {
    Encoding encoding;
    std::string_view bytes;
    std::size_t at;
  };
  using namespace std::string_view_literals;
  const Case cases[] = {
      {Encoding::kUtf8, "ab\xE4z"sv, 2},       {Encoding::kUtf8, "\xC0\xAF"sv, 0},
      {Encoding::kUtf8, "a\xED\xA0\x80"sv, 1}, {Encoding::kUtf8, "a\xF4\x90\x80\x80"sv, 1},
      {Encoding::kUtf8, "a\xE2\x82"sv, 1},     {Encoding::kUtf8, "a\0b"sv, 1},
      {Encoding::kWindows1252, "a\x81"sv, 1},  {Encoding::kIso8859_1, "co\x9Cur"sv, 2},
      {Encoding::kIso8859_15, "\x85"sv, 0},    {Encoding::kDin66003, "m\xE4"sv, 1},
      {Encoding::kCp437, "a\0"sv, 1}};
  for (const Case& c : cases) {
    std::string text;
    const auto bad = DecodeToUtf8(c.encoding, c.bytes, text);
    ASSERT_TRUE(bad.has_value()) << EncodingName(c.encoding) << " " << c.at;
    EXPECT_EQ(*bad, c.at) << EncodingName(c.encoding);
  }
}

TEST(Encoding, GoesThereAndBackForEveryByte) {
  for (Encoding encoding : {Encoding::kWindows1252, Encoding::kIso8859_1, Encoding::kIso8859_15,
                            Encoding::kCp437, Encoding::kDin66003}) {
    int characters = 0;
    for (int byte = 1; byte < 256; ++byte) {
      const std::string bytes(1, static_cast<char>(byte));
      std::string text;
      if (DecodeToUtf8(encoding, bytes, text)) continue;
      ++characters;
      const auto back = EncodeFromUtf8(encoding, text);
      ASSERT_TRUE(back.has_value()) << EncodingName(encoding) << " " << byte;
      EXPECT_EQ(*back, bytes) << EncodingName(encoding) << " " << byte;
    }
    EXPECT_GE(characters, 127) << EncodingName(encoding);
  }
}

TEST(Encoding, RefusesCharactersThatTheCodePageLacks) {
  EXPECT_FALSE(EncodeFromUtf8(Encoding::kIso8859_1, "5 €").has_value());
  EXPECT_FALSE(EncodeFromUtf8(Encoding::kDin66003, "a{b").has_value());
  EXPECT_FALSE(EncodeFromUtf8(Encoding::kWindows1252, "\xFF").has_value());
}

TEST(Encoding, TellsAsciiFromTheRest) {
  EXPECT_TRUE(IsAscii("0123456789 plain text"));
  EXPECT_FALSE(IsAscii("0123456789 pl\xE4in"));
  EXPECT_FALSE(IsAscii("12345678\x80"));
  EXPECT_TRUE(IsAscii(""));
}

}  // namespace
}  // namespace clinnova::intake
