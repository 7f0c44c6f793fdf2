// SPDX-License-Identifier: Apache-2.0
#include "intake/keyed_blake2b.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <string>

#include "core/check.h"
#include "core/hash.h"

namespace clinnova::intake {
namespace {

using Bytes = std::array<std::uint8_t, 32>;

Bytes Key() {
  Bytes key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i);
  return key;
}

std::string Message(std::size_t size) {
  std::string message;
  for (std::size_t i = 0; i < size; ++i) message += static_cast<char>(i % 251);
  return message;
}

TEST(KeyedBlake2b, GivesWhatPythonsHashlibGives) {
  // hashlib.blake2b(message, key=bytes(range(32)), digest_size=32).hexdigest()
  const KeyedBlake2b hash(Key());
  EXPECT_EQ(core::ToHex(hash.Of({"abc"})),
            "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f");
  EXPECT_EQ(core::ToHex(hash.Of({Message(300)})),
            "89870f2a4f222ac9406bbfd9b1d8da5a614ae381882d590b9d0bb33de8642c02");
}

TEST(KeyedBlake2b, GivesWhatLibsodiumGivesAtEverySizeAndCut) {
  ASSERT_GE(sodium_init(), 0);
  Bytes key{};
  randombytes_buf(key.data(), key.size());
  const KeyedBlake2b hash(key);
  for (std::size_t size = 1; size < 600; ++size) {
    const std::string message = Message(size);
    Bytes expected{};
    crypto_generichash(expected.data(), expected.size(),
                       reinterpret_cast<const unsigned char*>(message.data()), size, key.data(),
                       key.size());
    const std::string_view all(message);
    for (const std::size_t cut : {std::size_t{0}, size / 3, size - 1, size}) {
      EXPECT_EQ(hash.Of({all.substr(0, cut), {}, all.substr(cut)}), expected) << size << " " << cut;
    }
  }
}

TEST(KeyedBlake2b, RefusesNoMessage) {
  const KeyedBlake2b hash(Key());
  EXPECT_THROW(hash.Of({}), core::CheckFailure);
  EXPECT_THROW(hash.Of({"", ""}), core::CheckFailure);
}

}  // namespace
}  // namespace clinnova::intake
