// SPDX-License-Identifier: Apache-2.0
#include "decision/bedside_cards.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>

namespace clinnova::decision {
namespace {

using nlohmann::ordered_json;

/// A card's summary must have fewer than 140 characters; ours are plain text, cut between characters.
constexpr std::size_t kSummaryLimit = 139;
constexpr std::size_t kStrongestReasons = 3;

constexpr std::string_view kOverrideSystem = "urn:clinnova:override-reason";

std::string Cut(std::string text) {
  if (text.size() <= kSummaryLimit) return text;
  std::size_t end = kSummaryLimit - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string Rounded(double value, const char* format = "%.0f") {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

/// An outcome, or with `sign` a difference of two: a probability as so many of 100, a number to three digits, or to all
/// before the point where there are more: "3098", not "3.1e+03".
std::string Amount(bool binary, double value, bool sign = false) {
  const bool whole = binary || (std::abs(value) >= 1000 && std::abs(value) < 1e9);
  const char* format = whole ? (sign ? "%+.0f" : "%.0f") : (sign ? "%+.3g" : "%.3g");
  return Rounded(binary ? 100 * value : value, format);
}

/// "47 (29 to 54)"
std::string WithInterval(bool binary, const ArmOutcome& outcome) {
  std::string text = Amount(binary, outcome.estimate);
  if (outcome.low) {
    text += " (" + Amount(binary, *outcome.low) + " to " + Amount(binary, *outcome.high) + ")";
  }
  return text;
}

/// Text of records or models inside Markdown: what would be markup or a link is escaped.
std::string Plain(const std::string& text) {
  std::string plain;
  for (const char c : text) {
    if (std::string_view("\\`*_{}[]<>#|!").find(c) != std::string_view::npos) plain += '\\';
    plain += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return plain;
}

std::string Banner(BedsideMode mode) {
  switch (mode) {
    case BedsideMode::kResearch:
      return "**Research use only.** Not a medical device; not for decisions about this "
             "patient.\n\n";
    case BedsideMode::kInHouse:
      return "**In-house device** (Regulation (EU) 2017/745, Article 5(5)). It informs; you "
             "decide.\n\n";
    case BedsideMode::kClinical: break;
  }
  return "**Clinical use.** It informs; you decide.\n\n";
}

std::string LevelWord(cohort::SafetyLevel level) {
  if (level == cohort::SafetyLevel::kContraindicated) return "contraindicated";
  return level == cohort::SafetyLevel::kAvoid ? "only without alternative" : "caution";
}

std::string Safety(const Advice& advice) {
  if (advice.safety.empty()) {
    return "**Safety.** Nothing recorded against these drugs. What is not recorded cannot be "
           "seen.\n\n";
  }
  std::string text = "**Safety first**\n\n";
  for (const SafetyFinding& finding : advice.safety) {
    text += "- **" + Plain(finding.arm) + ", " + LevelWord(finding.rule->level) +
            "**: " + Plain(finding.rule->reason) + " (" + Plain(finding.rule->source) + ")\n";
  }
  return text + "\n";
}

std::string Outcomes(const Advice& advice) {
  const LearnedModel& model = advice.model->model;
  const std::string& meaning = advice.model->outcome_meaning;
  std::string text = "**Expected: " + Plain(model.outcome) + "** (" +
                     (meaning.empty() ? "" : Plain(meaning) + "; ") +
                     Rounded(100 * model.confidence_level) + " % intervals)\n\n" +
                     "| drug class | expected | learned from |\n|---|---|---|\n";
  for (const ArmOutcome& outcome : advice.prediction.outcomes) {
    const auto arm = std::ranges::find(model.arms, outcome.name, &ModelArm::name);
    text += "| " + Plain(outcome.name) + " | " + OutcomeText(model, outcome) + " | " +
            std::to_string(arm->n) + " patients |\n";
  }
  text += "\n";
  if (!advice.prediction.missing.empty()) {
    text += "What is not known counts as average here: the brackets are too narrow, see below.\n\n";
  }
  for (const ArmDifference& difference : advice.prediction.differences) {
    text += "- " + Plain(difference.first) + " against " + Plain(difference.second) + ": " +
            Amount(model.binary, difference.estimate, true);
    if (difference.low) {
      text += " (" + Amount(model.binary, *difference.low, true) + " to " +
              Amount(model.binary, *difference.high, true) + ")";
    }
    text += model.binary ? " of 100\n" : "\n";
  }
  return text + "\n";
}

std::string Similar(const Advice& advice) {
  if (advice.similar.empty()) return {};
  std::string text = "**Similar patients at this site** (as they were treated, not adjusted)\n\n";
  for (const SimilarCount& count : advice.similar) {
    text += "- " + Plain(count.arm) + ": " +
            Plain(SimilarText(count, advice.model->model.outcome)) + "\n";
  }
  return text + "\n";
}

/// How far the estimates go over what is not known.
std::string OpenRange(const Advice& advice) {
  if (advice.prediction.missing.empty()) return {};
  const bool binary = advice.model->model.binary;
  std::string text;
  for (const ArmOutcome& outcome : advice.prediction.outcomes) {
    text += (text.empty() ? "" : ", ") + Plain(outcome.name) + " " + Amount(binary, outcome.least) +
            " to " + Amount(binary, outcome.largest);
  }
  return "- over the plausible values of what is not known, expected" +
         std::string(binary ? " of 100: " : ": ") + text + "\n";
}

std::string Contributions(const Advice& advice) {
  std::vector<InputContribution> strongest;
  for (const auto& each : advice.prediction.contributions) {
    if (each.arm == advice.prediction.best && each.value != 0) strongest.push_back(each);
  }
  std::ranges::sort(strongest, [](const auto& a, const auto& b) {
    return std::abs(a.value) > std::abs(b.value);
  });
  strongest.resize(std::min(strongest.size(), kStrongestReasons));
  if (strongest.empty()) return {};
  const LearnedModel& model = advice.model->model;
  std::string text = "What moves the estimate for " + Plain(advice.prediction.best) +
                     " most, against the average patient: ";
  for (std::size_t i = 0; i < strongest.size(); ++i) {
    const bool better = (strongest[i].value > 0) == model.higher_is_better;
    text += std::string(i == 0 ? "" : ", ") + Plain(strongest[i].input) + " (" +
            (better ? "for" : "against") + " it)";
  }
  return text + ".\n\n";
}

std::string Why(const Advice& advice) {
  std::string text = advice.recommendation.empty()
                         ? "**No recommendation**"
                         : "**Expected to do best: " + Plain(advice.recommendation) + "**";
  text += "\n\n";
  for (const std::string& reason : advice.reasons) text += "- " + Plain(reason) + "\n";
  return text + "\n" + Contributions(advice);
}

std::string Open(const Advice& advice) {
  std::string text;
  for (const MissingInput& missing : advice.prediction.missing) {
    text += "- " + Plain(missing.name) + " is not known";
    if (!missing.turns_answer) {
      text += "; over its range the same drug class does best\n";
      continue;
    }
    text += " and could turn the answer: ";
    for (std::size_t i = 0; i < missing.best.size(); ++i) {
      text += std::string(i == 0 ? "" : ", ") + "at " + Plain(missing.best[i].first) + " " +
              Plain(missing.best[i].second);
    }
    text += "\n";
  }
  text += OpenRange(advice);
  for (const std::string& name : advice.unsupplied) {
    text += "- " + Plain(name) + " were not sent by the clinical system\n";
  }
  for (const UnusableRecord& record : advice.unusable) {
    text += "- not used: " + Plain(record.what) + ": " + Plain(record.message) + " (" +
            Plain(record.rule) + ")\n";
  }
  return text.empty() ? text : "**Missing or not usable**\n\n" + text + "\n";
}

std::string Drafts(const Advice& advice) {
  std::string text;
  for (const DraftVerdict& draft : advice.drafts) {
    text += "- " + Plain(draft.drug) + (draft.arm.empty() ? "" : " is " + Plain(draft.arm));
    if (!draft.learned) {
      text += std::string(": the model has never seen this drug and says nothing of it") +
              (draft.arm.empty() ? "; no safety rule knows it either" : "");
    }
    for (const SafetyFinding& finding : advice.safety) {
      if (finding.arm == draft.arm) {
        text += "; **" + LevelWord(finding.rule->level) + "**: " + Plain(finding.rule->reason);
      }
    }
    text += "\n";
  }
  return text.empty() ? text : "**About to be ordered**\n\n" + text + "\n";
}

std::string About(const Advice& advice) {
  const RegisteredModel& model = *advice.model;
  std::string text = "Model " + Plain(model.Label()) + " (" +
                     core::ToHex(model.hash).substr(0, 16) + "), study " +
                     core::ToHex(model.study).substr(0, 16) + ", registered " +
                     Plain(model.registered.substr(0, 10)) + ".";
  if (model.recalibration) {
    text += " Recalibrated to this site on " + Plain(model.recalibration->made.substr(0, 10)) +
            " from " + std::to_string(model.recalibration->patients) +
            " of its patients: intercept " + Rounded(model.recalibration->intercept, "%+.3f") + ".";
  }
  if (!model.model.verdict.empty()) text += " Its evaluation: " + Plain(model.model.verdict);
  return text + "\n";
}

/// The worst level among the drafts' findings; nothing when there is none.
std::optional<cohort::SafetyLevel> WorstOfDrafts(const Advice& advice) {
  std::optional<cohort::SafetyLevel> worst;
  for (const DraftVerdict& draft : advice.drafts) {
    for (const SafetyFinding& finding : advice.safety) {
      if (finding.arm == draft.arm && (!worst || finding.rule->level < *worst)) {
        worst = finding.rule->level;
      }
    }
  }
  return worst;
}

std::string Indicator(const Advice& advice) {
  const auto worst = WorstOfDrafts(advice);
  if (worst == cohort::SafetyLevel::kContraindicated) return "critical";
  return worst ? "warning" : "info";
}

std::string Summary(const Advice& advice, BedsideMode mode) {
  const std::string mark = mode == BedsideMode::kResearch ? "Research: " : "";
  if (WorstOfDrafts(advice)) {
    for (const DraftVerdict& draft : advice.drafts) {
      for (const SafetyFinding& finding : advice.safety) {
        if (finding.arm != draft.arm || finding.rule->level != *WorstOfDrafts(advice)) continue;
        return mark + draft.drug + ", " + LevelWord(finding.rule->level) + ": " +
               finding.rule->reason;
      }
    }
  }
  if (advice.recommendation.empty()) {
    return mark + "no drug class is recommended" +
           (advice.reasons.empty() ? "" : ": " + advice.reasons.front());
  }
  return mark + advice.recommendation + " is expected to do best for " +
         advice.model->model.outcome;
}

ordered_json Card(const std::string& summary, const std::string& detail, const char* indicator,
                  const CardOrigin& origin) {
  ordered_json card;
  card["uuid"] = origin.uuid;
  card["summary"] = Cut(summary);
  card["detail"] = detail;
  card["indicator"] = indicator;
  card["source"] = {{"label", "Clinnova at " + origin.site}};
  return card;
}

}  // namespace

Result<BedsideMode> ReadBedsideMode(std::string_view word) {
  for (const BedsideMode mode :
       {BedsideMode::kResearch, BedsideMode::kInHouse, BedsideMode::kClinical}) {
    if (word == BedsideModeName(mode)) return mode;
  }
  return Fail(ErrorCode::kInvalidInput,
              "mode: found \"" + std::string(word) + "\", expected research, in-house or clinical");
}

std::string_view BedsideModeName(BedsideMode mode) {
  constexpr std::array<std::string_view, 3> kNames = {"research", "in-house", "clinical"};
  return kNames[static_cast<std::size_t>(mode)];
}

std::string NaturalFrequency(const ArmOutcome& outcome) {
  return "of 100 such patients, about " + WithInterval(true, outcome);
}

std::string OutcomeText(const LearnedModel& model, const ArmOutcome& outcome) {
  if (model.binary) return NaturalFrequency(outcome);
  std::string text = WithInterval(false, outcome);
  if (outcome.own_low) {
    text += "; this patient's own " + Amount(false, *outcome.own_low) + " to " +
            Amount(false, *outcome.own_high);
  }
  return text;
}

ordered_json AdviceCard(const Advice& advice, const CardOrigin& origin) {
  const std::string detail = Banner(origin.mode) + Safety(advice) + Drafts(advice) +
                             Outcomes(advice) + Similar(advice) + Why(advice) + Open(advice) +
                             About(advice);
  const std::string indicator = Indicator(advice);
  ordered_json card = Card(Summary(advice, origin.mode), detail, indicator.c_str(), origin);
  card["overrideReasons"] = ordered_json::array();
  constexpr std::array<std::pair<const char*, const char*>, 4> kReasons = {
      {{"accept", "I follow it"},
       {"partly", "I follow a part of it"},
       {"defer", "I decide later"},
       {"reject", "I decide otherwise"}}};
  for (const auto& [code, display] : kReasons) {
    card["overrideReasons"].push_back(
        {{"code", code}, {"system", kOverrideSystem}, {"display", display}});
  }
  return card;
}

ordered_json RefusalCard(const std::string& summary, const std::string& message,
                         const CardOrigin& origin) {
  return Card(summary, Banner(origin.mode) + Plain(message) + "\n", "info", origin);
}

}  // namespace clinnova::decision
