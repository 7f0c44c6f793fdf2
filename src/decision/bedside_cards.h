// SPDX-License-Identifier: Apache-2.0
// Advice as CDS Hooks 2.0 cards: https://cds-hooks.hl7.org/2.0/#cds-service-response
//
// A card never orders anything: there are no suggestions. Its detail (GitHub-flavoured Markdown) says in this order:
// the mode banner, safety, the drug that is about to be ordered, what is expected with each drug in natural
// frequencies with intervals, the differences, how similar patients of the site fared, why, what is missing and what it
// could change, from whom the model learned. A physician can accept, take a part, defer or reject (override reasons), which the feedback endpoint keeps.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "decision/bedside_advice.h"

namespace clinnova::decision {

/// What the site may use the advice for; shown on every card.
enum class BedsideMode {
  kResearch,  ///< research use only: not for decisions about a patient
  kInHouse,   ///< an in-house device of this institution (Regulation (EU) 2017/745, Article 5(5))
  kClinical,  ///< in clinical use under the site's own responsibility
};
/// "research", "in-house", "clinical"
Result<BedsideMode> ReadBedsideMode(std::string_view word);
std::string_view BedsideModeName(BedsideMode mode);

/// Where a card comes from.
struct CardOrigin {
  std::string site;
  BedsideMode mode = BedsideMode::kResearch;
  std::string uuid;  ///< of the card
};

/// The card of an advice.
nlohmann::ordered_json AdviceCard(const Advice& advice, const CardOrigin& origin);
/// A card that says why there is no advice. `message` is shown as it is.
nlohmann::ordered_json RefusalCard(const std::string& summary, const std::string& message,
                                   const CardOrigin& origin);

/// "of 100 such patients, about 47 (29 to 54)"
std::string NaturalFrequency(const ArmOutcome& outcome);
/// It, or of an outcome that is a number "-2.1 (-2.6 to -1.6); this patient's own -4.8 to 0.6".
std::string OutcomeText(const LearnedModel& model, const ArmOutcome& outcome);

}  // namespace clinnova::decision
