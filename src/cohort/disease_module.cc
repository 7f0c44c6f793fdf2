// SPDX-License-Identifier: Apache-2.0
#include "cohort/disease_module.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace clinnova::embedded {
extern const std::string_view cd;
extern const std::string_view ms;
extern const std::string_view ra;
extern const std::string_view uc;
}  // namespace clinnova::embedded

namespace clinnova::cohort {
namespace {

struct EmbeddedModule {
  std::string_view disease;
  const std::string_view* text;
};
constexpr std::array<EmbeddedModule, 4> kEmbedded{
    {{"cd", &embedded::cd}, {"ms", &embedded::ms}, {"ra", &embedded::ra}, {"uc", &embedded::uc}}};

template <typename T>
const T* FindByName(const std::vector<T>& items, std::string_view name) {
  const auto found = std::ranges::find(items, name, &T::name);
  return found == items.end() ? nullptr : &*found;
}

/// A disease is a file's name here: nothing else may come in by it.
bool IsPlainName(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

}  // namespace

bool Feature::IsFlag() const {
  switch (source) {
    case FeatureSource::kThreshold:
    case FeatureSource::kEither:
    case FeatureSource::kAll:
    case FeatureSource::kFollowed:
    case FeatureSource::kProgression:
    case FeatureSource::kDiscontinued: return true;
    case FeatureSource::kMeasurement:
    case FeatureSource::kObservation:
    case FeatureSource::kCondition:
    case FeatureSource::kDrug:
    case FeatureSource::kProcedure: return summary == Summary::kAny || summary == Summary::kActive;
    default: return false;
  }
}

std::vector<std::string> Feature::Needs() const {
  std::vector<std::string> needs;
  if (!of.empty()) needs.push_back(of);
  needs.insert(needs.end(), yes.begin(), yes.end());
  needs.insert(needs.end(), no.begin(), no.end());
  for (const auto& [input, feature] : inputs) needs.push_back(feature);
  return needs;
}

Result<DiseaseModule> DiseaseModule::Load(std::string_view disease, const std::string& folder) {
  std::string known;
  for (const EmbeddedModule& module : kEmbedded) {
    known += (known.empty() ? "" : ", ") + std::string(module.disease);
  }
  if (!IsPlainName(disease)) {
    return Fail(ErrorCode::kInvalidInput,
                "disease: found \"" + std::string(disease) + "\", expected one of " + known);
  }
  if (!folder.empty()) {
    const auto path = std::filesystem::path(folder) / (std::string(disease) + ".toml");
    if (std::filesystem::exists(path)) {
      std::ifstream stream(path, std::ios::binary);
      std::ostringstream text;
      if (!stream || !(text << stream.rdbuf())) {
        return Fail(ErrorCode::kInvalidInput, path.string() + ": cannot be read");
      }
      return FromToml(text.str(), path.string());
    }
  }
  for (const EmbeddedModule& module : kEmbedded) {
    if (module.disease == disease) {
      return FromToml(*module.text, "diseases/" + std::string(disease) + ".toml");
    }
  }
  return Fail(ErrorCode::kInvalidInput,
              "disease: found \"" + std::string(disease) + "\", expected one of " + known);
}

const ConceptSet* DiseaseModule::FindConceptSet(std::string_view name) const {
  return FindByName(concept_sets_, name);
}
const Arm* DiseaseModule::FindArm(std::string_view name) const { return FindByName(arms_, name); }
const IndexEvent* DiseaseModule::FindIndexEvent(std::string_view name) const {
  return FindByName(index_events_, name);
}
const Feature* DiseaseModule::FindFeature(std::string_view name) const {
  return FindByName(features_, name);
}

std::vector<std::string> DiseaseModule::Levels(const Feature& feature,
                                               const IndexEvent& index) const {
  if (feature.source == FeatureSource::kArm) return index.arms;
  std::vector<std::string> levels;
  for (const FactorLevel& level : feature.levels) levels.push_back(level.name);
  return levels;
}

}  // namespace clinnova::cohort
