// SPDX-License-Identifier: Apache-2.0
// For tests: altered messages, and what must come of them.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "federation/secure_sum_world.h"

namespace clinnova::federation {

/// Expects that site `i` refused just now with `reason`, and that its record says so.
template <typename T>
void ExpectRefusal(SecureSumWorld& world, std::size_t i, const Result<T>& answer,
                   const std::string& reason) {
  ASSERT_FALSE(answer) << "not refused: " << reason;
  EXPECT_EQ(answer.error().code, ErrorCode::kRefused);
  EXPECT_EQ(answer.error().reason, reason) << answer.error().message;
  ASSERT_FALSE(world.record(i).refusals().empty()) << reason << " is not in the record";
  EXPECT_EQ(world.record(i).refusals().back().why.reason, reason);
}

template <typename T>
void ExpectError(const Result<T>& answer, const std::string& reason) {
  ASSERT_FALSE(answer) << "accepted: " << reason;
  EXPECT_EQ(answer.error().reason, reason) << answer.error().message;
}

/// A genuine message, changed by `change`, signed again by `signer`.
template <typename T, typename Change>
core::Bytes Changed(const core::Bytes& bytes, const SiteIdentity& signer, Change change) {
  SignedMessage message = Must(core::Decode<SignedMessage>(bytes));
  T content = Must(core::Decode<T>(message.body));
  change(content);
  message.body = core::Encode(content);
  message.site = content.site;
  message.signature = signer.Sign(T::kContext, message.body);
  return core::Encode(message);
}

inline core::Bytes SurvivorsOf(const SecureSumRound& round, SiteSet survivors) {
  return core::Encode(SurvivorRequest{round.header(), std::move(survivors)});
}

}  // namespace clinnova::federation
