// SPDX-License-Identifier: Apache-2.0
#include "intake/sha1.h"

#include <bit>

namespace clinnova::intake {

void Sha1::Block(const unsigned char* bytes) {
  std::array<std::uint32_t, 80> w{};
  for (std::size_t t = 0; t < 16; ++t) {
    for (std::size_t k = 0; k < 4; ++k) w[t] = (w[t] << 8) | bytes[4 * t + k];
  }
  for (std::size_t t = 16; t < 80; ++t) {
    w[t] = std::rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
  }
  auto [a, b, c, d, e] = state_;
  for (std::size_t t = 0; t < 80; ++t) {
    std::uint32_t f = b ^ c ^ d;
    std::uint32_t k = t < 40 ? 0x6ED9EBA1 : 0xCA62C1D6;
    if (t < 20) {
      f = (b & c) | (~b & d);
      k = 0x5A827999;
    } else if (t >= 40 && t < 60) {
      f = (b & c) | (b & d) | (c & d);
      k = 0x8F1BBCDC;
    }
    const std::uint32_t next = std::rotl(a, 5) + f + e + w[t] + k;
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  state_ = {state_[0] + a, state_[1] + b, state_[2] + c, state_[3] + d, state_[4] + e};
}

void Sha1::Update(std::string_view bytes) {
  for (const char byte : bytes) {
    rest_[length_++ % 64] = static_cast<unsigned char>(byte);
    if (length_ % 64 == 0) Block(rest_.data());
  }
}

std::string Sha1::Hex() const {
  Sha1 end = *this;
  const std::uint64_t bits = length_ * 8;
  end.Update("\x80");
  while (end.length_ % 64 != 56) end.Update(std::string_view("\0", 1));
  for (int shift = 56; shift >= 0; shift -= 8) {
    const char byte = static_cast<char>(bits >> shift);
    end.Update(std::string_view(&byte, 1));
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const std::uint32_t word : end.state_) {
    for (int shift = 28; shift >= 0; shift -= 4) hex += kDigits[(word >> shift) & 15];
  }
  return hex;
}

}  // namespace clinnova::intake
