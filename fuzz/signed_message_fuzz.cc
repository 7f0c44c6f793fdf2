// SPDX-License-Identifier: Apache-2.0
// Messages of the secure sum: no bytes but a site's own carry its signature, and a roster that was
// accepted has exactly one byte form.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "federation/roster.h"
#include "federation/secure_sum_messages.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clinnova::federation;
  static const Roster kRoster =
      Roster::Create({{"basel", PublicKey{1}}, {"freiburg", PublicKey{2}}}).value();
  const clinnova::core::ByteView bytes(data, size);
  if (CheckSigned(kRoster, bytes, "fuzz")) std::abort();
  if (const auto roster = Roster::Decode(bytes)) {
    const clinnova::core::Bytes again = roster->Encoded();
    if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) std::abort();
  }
  return 0;
}
