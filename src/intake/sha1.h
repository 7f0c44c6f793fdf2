// SPDX-License-Identifier: Apache-2.0
// SHA-1 (RFC 3174), which the German LDT 3 puts at the end of a file to tell whether it arrived
// whole. It protects against accidents, not against people; whatever must be secure uses
// core/hash.h.
//
//   Sha1 sum;
//   sum.Update(line);
//   if (sum.Hex() != expected) …
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace clinnova::intake {

class Sha1 {
 public:
  void Update(std::string_view bytes);
  /// Of everything so far, 40 hexadecimal digits in lower case.
  std::string Hex() const;

 private:
  void Block(const unsigned char* bytes);

  std::array<std::uint32_t, 5> state_ = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476,
                                         0xC3D2E1F0};
  std::array<unsigned char, 64> rest_{};
  std::uint64_t length_ = 0;  // bytes
};

}  // namespace clinnova::intake
