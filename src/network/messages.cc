// SPDX-License-Identifier: Apache-2.0
#include "network/messages.h"

#include <chrono>
#include <ctime>

#include "core/utc_time.h"

namespace clinnova::network {

SignedDecision SignDecision(const federation::SiteIdentity& identity, const Decision& decision) {
  SignedDecision out{core::Encode(decision), {}};
  out.signature = identity.Sign(Decision::kContext, out.body);
  return out;
}

Result<Decision> OpenDecision(const federation::PublicKey& key,
                              const SignedDecision& signed_decision) {
  if (!federation::VerifySignature(key, Decision::kContext, signed_decision.body,
                                   signed_decision.signature)) {
    return Fail(ErrorCode::kRefused, "a decision that the site's key did not sign",
                "bad_signature");
  }
  return core::Decode<Decision>(signed_decision.body);
}

federation::RoundHeader HeaderOf(const federation::RoundRequest& request,
                                 const federation::Layout& layout, const core::Hash& frozen_table) {
  return {.round = request.round,
          .analysis = request.analysis,
          .step = request.step,
          .parameters = core::Blake2b(request.parameters),
          .layout = core::Blake2b(core::Encode(FrozenLayout{layout, frozen_table})),
          .elements = layout.elements()};
}

std::int64_t NowMs() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::string TimeText(std::int64_t ms) {
  if (ms == 0) return {};
  return core::UtcMilliseconds(
      std::chrono::system_clock::time_point(std::chrono::milliseconds(ms)));
}

}  // namespace clinnova::network
