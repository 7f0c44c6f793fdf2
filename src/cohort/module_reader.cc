// SPDX-License-Identifier: Apache-2.0
// A module's TOML into a DiseaseModule, with every reference checked.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "cohort/disease_module.h"
#include "cohort/score_formula.h"
#include "cohort/toml_section.h"
#include "core/toml_json.h"
#include "vocabulary/vocabulary.h"

namespace clinnova::cohort {
namespace {

// In the order of the enumerators.
const std::vector<std::string_view> kSources = {
    "arm",      "age",         "sex",          "measurement", "observation", "condition",
    "drug",     "procedure",   "score",        "threshold",   "either",      "all",
    "followed", "progression", "days_on_drug", "discontinued"};
const std::vector<std::string_view> kSafetyLevels = {"contraindicated", "avoid", "caution"};
const std::vector<std::string_view> kSummaries = {
    "last",  "first", "max", "min", "mean", "count", "any", "nearest", "years_since_first",
    "active"};
const std::vector<std::string_view> kWorseningRules = {"edss", "t25fw", "9hpt", "sdmt"};

bool ReadsRows(FeatureSource source) {
  return source >= FeatureSource::kMeasurement && source <= FeatureSource::kProcedure;
}

bool NeedsFlags(FeatureSource source) {
  return source == FeatureSource::kEither || source == FeatureSource::kAll;
}

/// Names end up in SQL as parts of names: letters, digits and underscores only.
bool IsIdentifier(std::string_view name) {
  return !name.empty() && name.front() >= 'a' && name.front() <= 'z' &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

}  // namespace

class ModuleReader {
 public:
  ModuleReader(TomlDocument& document, DiseaseModule& module)
      : document_(document), module_(module) {}

  void Read(TomlSection& root) {
    ReadHead(root);
    for (auto& [name, section] : root.NamedSections("concept_set")) ReadConceptSet(name, section);
    for (TomlSection& section : root.Sections("arm")) ReadArm(section);
    for (auto& [name, section] : root.NamedSections("index")) ReadIndexEvent(name, section);
    if (auto section = root.Section("guideline")) ReadGuideline(*section);
    auto features = root.NamedSections("feature");
    for (auto& [name, section] : features) ReadFeature(name, section);
    for (TomlSection& section : root.Sections("safety")) ReadSafetyRule(section);
    root.NoOtherKeys();
    for (auto& [name, section] : features) CheckNeeds(*module_.FindFeature(name), section);
  }

 private:
  void ReadHead(TomlSection& root) {
    if (!root.Has("disease")) {
      root.Wrong("disease", "found nothing, expected the section [disease]");
    }
    auto head = root.Section("disease");
    if (!head) return;
    module_.disease_ = head->RequiredText("name");
    module_.title_ = head->RequiredText("title");
    module_.version_ = head->RequiredText("version");
    head->NoOtherKeys();
  }

  void CheckName(const std::string& name, TomlSection& section) {
    if (!IsIdentifier(name)) {
      section.Wrong("", "found the name \"" + name +
                            "\", expected lower-case letters, digits and underscores");
    }
  }

  void ReadConceptSet(const std::string& name, TomlSection& section) {
    CheckName(name, section);
    ConceptSet set{name, section.RequiredText("title"), section.Integers("concepts")};
    if (set.concepts.empty())
      section.Wrong("concepts", "found none, expected at least one concept");
    section.NoOtherKeys();
    module_.concept_sets_.push_back(std::move(set));
  }

  void CheckConceptSet(const std::string& key, const std::string& name, TomlSection& section) {
    if (module_.FindConceptSet(name) == nullptr) {
      section.Wrong(key, "found \"" + name + "\", expected the name of a [concept_set]");
    }
  }

  void ReadArm(TomlSection& section) {
    Arm arm{section.RequiredText("name"), section.RequiredText("concept_set")};
    CheckConceptSet("concept_set", arm.concept_set, section);
    if (module_.FindArm(arm.name) != nullptr) {
      section.Wrong("name", "found \"" + arm.name + "\" twice, expected it once");
    }
    section.NoOtherKeys();
    module_.arms_.push_back(std::move(arm));
  }

  std::vector<std::string> ReadArms(const std::string& key, TomlSection& section) {
    std::vector<std::string> arms = section.Texts(key);
    if (arms.empty()) section.Wrong(key, "found none, expected at least one arm");
    for (const std::string& arm : arms) {
      if (module_.FindArm(arm) == nullptr) {
        section.Wrong(key, "found \"" + arm + "\", expected the name of an [[arm]]");
      }
      if (std::ranges::count(arms, arm) > 1) {
        section.Wrong(key, "found \"" + arm + "\" twice, expected it once");
      }
    }
    return arms;
  }

  void ReadGuideline(TomlSection& section) {
    Guideline guideline{ReadArms("order", section), section.RequiredText("source")};
    section.NoOtherKeys();
    module_.guideline_ = std::move(guideline);
  }

  void ReadIndexEvent(const std::string& name, TomlSection& section) {
    CheckName(name, section);
    IndexEvent event;
    event.name = name;
    event.title = section.RequiredText("title");
    event.condition = section.RequiredText("condition");
    CheckConceptSet("condition", event.condition, section);
    event.arms = ReadArms("arms", section);
    event.minimum_age = section.Integer("minimum_age", 0);
    section.NoOtherKeys();
    module_.index_events_.push_back(std::move(event));
  }

  static void ReadThreshold(Feature& feature, TomlSection& section) {
    const auto below = section.Number("below");
    if (!below) {
      feature.at_most = section.RequiredNumber("at_most");
    } else if (section.Has("at_most")) {
      section.Wrong("below", "found it beside at_most, expected one of them");
    } else {  // of doubles the same
      feature.at_most = std::nextafter(*below, -std::numeric_limits<double>::infinity());
    }
  }

  void ReadFeature(const std::string& name, TomlSection& section) {
    CheckName(name, section);
    Feature feature;
    feature.name = name;
    feature.title = section.RequiredText("title");
    feature.source = static_cast<FeatureSource>(section.RequiredWord("source", kSources));
    feature.unit = section.Text("unit");
    if (ReadsRows(feature.source)) ReadRows(feature, section);
    switch (feature.source) {
      case FeatureSource::kSex: ReadLevels(feature, section); break;
      case FeatureSource::kScore: ReadScore(feature, section); break;
      case FeatureSource::kThreshold:
        feature.of = section.RequiredText("of");
        ReadThreshold(feature, section);
        break;
      case FeatureSource::kFollowed:
        if (!section.Has("day")) section.Wrong("day", "found nothing, expected a day");
        feature.followed_to = section.Integer("day", 0);
        break;
      case FeatureSource::kProgression: ReadProgression(feature, section); break;
      case FeatureSource::kEither:
      case FeatureSource::kAll:
        feature.yes = section.Texts("yes");
        feature.no = section.Texts("no");
        if (feature.yes.empty() &&
            (feature.source == FeatureSource::kEither || feature.no.empty())) {
          section.Wrong("yes", "found none, expected at least one feature");
        }
        break;
      case FeatureSource::kDaysOnDrug:
      case FeatureSource::kDiscontinued:
        feature.gap_days = section.Integer("gap_days", 0);
        if (feature.gap_days < 0)
          section.Wrong("gap_days", "found less than 0, expected 0 or more");
        break;
      default: break;
    }
    section.NoOtherKeys();
    module_.features_.push_back(std::move(feature));
  }

  template <typename Windowed>
  void ReadWindow(Windowed& item, TomlSection& section) {
    const std::vector<std::int64_t> window = section.Integers("window");
    constexpr std::int64_t kFarthest = 100'000;  // days; keeps dates within what SQL can hold
    if (window.size() != 2 || window[0] > window[1] || window[0] < -kFarthest ||
        window[1] > kFarthest) {
      return section.Wrong("window", "expected [from, to] in days from the index date, from <= to");
    }
    item.window_from = static_cast<int>(window[0]);
    item.window_to = static_cast<int>(window[1]);
  }

  void ReadRows(Feature& feature, TomlSection& section) {
    feature.concept_set = section.RequiredText("concept_set");
    CheckConceptSet("concept_set", feature.concept_set, section);
    ReadWindow(feature, section);
    ReadSummary(feature, section);
    if (feature.source == FeatureSource::kMeasurement) {
      feature.at_least = section.Number("at_least");
      if (feature.at_least && feature.summary != Summary::kAny) {
        section.Wrong("at_least", "goes with summary = \"any\" only");
      }
      CheckUnit(feature, section);
    }
    if (feature.source == FeatureSource::kObservation && section.Has("level")) {
      ReadLevels(feature, section);
      if (feature.summary != Summary::kLast && feature.summary != Summary::kFirst) {
        section.Wrong("summary", "a factor's is \"last\" or \"first\"");
      }
    }
  }

  void ReadProgression(Feature& feature, TomlSection& section) {
    feature.rule = static_cast<WorseningRule>(section.RequiredWord("rule", kWorseningRules));
    feature.concept_set = section.RequiredText("concept_set");
    CheckConceptSet("concept_set", feature.concept_set, section);
    feature.relapses = section.RequiredText("relapses");
    CheckConceptSet("relapses", feature.relapses, section);
    ReadWindow(feature, section);
    feature.confirm_days = section.Integer("confirm_days", feature.confirm_days);
    if (feature.confirm_days < 1) {
      section.Wrong("confirm_days", "found less than 1, expected 1 or more");
    }
  }

  void ReadSummary(Feature& feature, TomlSection& section) {
    feature.summary = static_cast<Summary>(section.RequiredWord("summary", kSummaries));
    if (feature.summary == Summary::kNearest) {
      feature.nearest_day = section.Integer("day", feature.window_from);
      if (!section.Has("day")) section.Wrong("day", "found nothing, expected a day of the window");
    }
    const bool has_values = feature.source == FeatureSource::kMeasurement ||
                            feature.source == FeatureSource::kObservation;
    const bool of_events = feature.summary == Summary::kCount || feature.summary == Summary::kAny ||
                           feature.summary == Summary::kYearsSinceFirst ||
                           feature.summary == Summary::kActive;
    if (!has_values && !of_events) {
      section.Wrong("summary", "expected any, count or years_since_first: there is no value here");
    }
    if (feature.summary == Summary::kActive && feature.source != FeatureSource::kDrug) {
      section.Wrong("summary", "\"active\" goes with source = \"drug\" only");
    }
  }

  void ReadLevels(Feature& feature, TomlSection& section) {
    for (TomlSection& level : section.Sections("level")) {
      feature.levels.push_back({level.RequiredText("name"), level.Integers("concepts")});
      if (feature.levels.back().concepts.empty()) {
        level.Wrong("concepts", "found none, expected at least one concept");
      }
      const auto same =
          std::ranges::count(feature.levels, feature.levels.back().name, &FactorLevel::name);
      if (same > 1) level.Wrong("name", "found a level twice, expected it once");
      level.NoOtherKeys();
    }
    if (feature.levels.size() < 2) section.Wrong("level", "expected at least two levels");
  }

  void ReadScore(Feature& feature, TomlSection& section) {
    feature.score = section.RequiredText("score");
    feature.inputs = section.TextMap("inputs");
    const ScoreFormula* formula = FindScore(feature.score);
    if (formula == nullptr) {
      std::string names;
      for (const ScoreFormula& known : ScoreFormulas()) {
        names += (names.empty() ? "" : ", ") + std::string(known.name);
      }
      return section.Wrong("score", "found \"" + feature.score + "\", expected one of " + names);
    }
    for (const ScoreInput& input : formula->inputs) {
      if (!feature.inputs.contains(std::string(input.name))) {
        section.Wrong("inputs",
                      "found no " + std::string(input.name) + ", expected a feature for it");
      }
    }
    if (feature.inputs.size() != formula->inputs.size()) {
      section.Wrong("inputs", "found " + std::to_string(feature.inputs.size()) + ", expected " +
                                  std::to_string(formula->inputs.size()));
    }
  }

  // The loader brings numbers to the concept's canonical unit: a feature may not say another.
  void CheckUnit(const Feature& feature, TomlSection& section) {
    const ConceptSet* set = module_.FindConceptSet(feature.concept_set);
    if (set == nullptr) return;
    for (const std::int64_t id : set->concepts) {
      const vocabulary::Concept* known = vocabulary_.Find(id);
      if (known == nullptr || known->canonical_unit == feature.unit) continue;
      section.Wrong("unit", "found \"" + feature.unit + "\", expected \"" +
                                std::string(known->canonical_unit) + "\", the canonical unit of " +
                                std::string(known->name));
    }
  }

  void CheckNeeds(const Feature& feature, TomlSection& section) {
    for (const std::string& need : feature.Needs()) {
      const Feature* other = module_.FindFeature(need);
      if (other == nullptr) {
        section.Wrong("", "found \"" + need + "\", expected the name of a [feature]");
      } else if (other->IsFactor()) {
        section.Wrong("", "found the factor \"" + need + "\", expected a number");
      } else if (NeedsFlags(feature.source) && !other->IsFlag()) {
        section.Wrong("", "found \"" + need + "\", expected a feature that is 1 or 0");
      }
    }
    if (document_.error) return;
    CheckScoreUnits(feature, section);
    if (Reaches(feature, feature.name, 0)) section.Wrong("", "is computed from itself");
  }

  void CheckScoreUnits(const Feature& feature, TomlSection& section) {
    if (feature.source != FeatureSource::kScore) return;
    for (const ScoreInput& input : FindScore(feature.score)->inputs) {
      const std::string& name = feature.inputs.at(std::string(input.name));
      const Feature* other = module_.FindFeature(name);
      if (other->unit == input.unit) continue;
      section.Wrong("inputs", "found " + name + " in \"" + other->unit + "\", expected " +
                                  std::string(input.name) + " in \"" + std::string(input.unit) +
                                  "\"");
    }
  }

  bool Reaches(const Feature& from, const std::string& target, std::size_t depth) const {
    if (depth > module_.features_.size()) return true;
    return std::ranges::any_of(from.Needs(), [&](const std::string& need) {
      const Feature* other = module_.FindFeature(need);
      return need == target || (other != nullptr && Reaches(*other, target, depth + 1));
    });
  }

  void ReadSafetyRule(TomlSection& section) {
    SafetyRule rule;
    rule.name = section.RequiredText("name");
    rule.arms = section.Texts("arms");
    if (rule.arms.empty()) section.Wrong("arms", "found none, expected at least one arm");
    for (const std::string& arm : rule.arms) {
      if (module_.FindArm(arm) == nullptr) {
        section.Wrong("arms", "found \"" + arm + "\", expected the name of an [[arm]]");
      }
    }
    rule.level = static_cast<SafetyLevel>(section.RequiredWord("level", kSafetyLevels));
    for (TomlSection& condition : section.Sections("when")) ReadSafetyCondition(rule, condition);
    if (rule.when.empty()) section.Wrong("when", "found none, expected at least one condition");
    rule.reason = section.RequiredText("reason");
    rule.source = section.RequiredText("source");
    section.NoOtherKeys();
    module_.safety_rules_.push_back(std::move(rule));
  }

  void ReadSafetyCondition(SafetyRule& rule, TomlSection& section) {
    SafetyRule::Condition condition{.feature = section.RequiredText("feature"),
                                    .at_least = section.Number("at_least"),
                                    .is = section.Texts("is")};
    section.NoOtherKeys();
    const Feature* feature = module_.FindFeature(condition.feature);
    if (feature == nullptr) {
      section.Wrong("feature",
                    "found \"" + condition.feature + "\", expected the name of a [feature]");
    } else if (feature->IsFactor()) {
      if (condition.is.empty()) section.Wrong("is", "found none, expected levels of the factor");
      for (const std::string& level : condition.is) {
        if (std::ranges::find(feature->levels, level, &FactorLevel::name) ==
            feature->levels.end()) {
          section.Wrong("is", "found \"" + level + "\", expected a level of the factor");
        }
      }
    } else if (!condition.is.empty()) {
      section.Wrong("is", "goes with a factor only");
    } else if (!condition.at_least && !feature->IsFlag()) {
      section.Wrong("at_least", "is missing: the feature is a number, not 1 or 0");
    }
    rule.when.push_back(std::move(condition));
  }

  TomlDocument& document_;
  DiseaseModule& module_;
  const vocabulary::Vocabulary vocabulary_;
};

Result<DiseaseModule> DiseaseModule::FromToml(std::string_view text, std::string_view file) {
  TomlDocument document{.file = file, .lines = {}, .error = {}};
  CLINNOVA_ASSIGN(const nlohmann::json json, core::TomlToJson(text, file, document.lines));
  DiseaseModule module;
  module.hash_ = core::Blake2b(text);
  TomlSection root(document, json, "");
  ModuleReader(document, module).Read(root);
  if (document.error) return tl::unexpected<Error>(*document.error);
  return module;
}

}  // namespace clinnova::cohort
