// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_disease.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "intake/synthetic_ibd.h"
#include "intake/synthetic_items.h"
#include "intake/synthetic_ms.h"
#include "intake/synthetic_ra.h"

namespace clinnova::intake {
namespace {

constexpr SyntheticDisease kBowelDisease{.name = "ibd",
                                         .title = "Crohn's disease and ulcerative colitis",
                                         .classes = {"anti-TNF", "anti-integrin", "anti-IL-23"},
                                         .class_keys = {"anti_tnf", "anti_integrin", "anti_il23"},
                                         .baseline = "activity",
                                         .outcome = "remission at week 14",
                                         .items = IbdItems,
                                         .not_detected = "calprotectin",
                                         .procedures = true,
                                         .project = "IBD",
                                         .lu_visits = "ibd_visits.csv",
                                         .fr_assessments = "MICI_EVALUATIONS.csv",
                                         .ch_scores = "ced_scores.csv",
                                         .draw = DrawIbd,
                                         .parameters = IbdModelParameters};

constexpr SyntheticDisease BowelDisease(std::string_view name, std::string_view title,
                                        SyntheticPatient (*draw)(const CohortOptions&,
                                                                 std::uint64_t)) {
  SyntheticDisease disease = kBowelDisease;
  disease.name = name;
  disease.title = title;
  disease.draw = draw;
  return disease;
}

// In the order of their names.
constexpr SyntheticDisease kDiseases[] = {BowelDisease("cd", "Crohn's disease", DrawCrohn),
                                          kBowelDisease,
                                          {.name = "ms",
                                           .title = "Multiple sclerosis",
                                           .classes = {"platform", "S1P", "anti-CD20"},
                                           .class_keys = {"platform", "s1p", "anti_cd20"},
                                           .baseline = "edss",
                                           .outcome = "NEDA-3 at 24 months",
                                           .items = MsItems,
                                           .not_detected = "jcv_index",
                                           .procedures = true,
                                           .relapses = true,
                                           .project = "MS",
                                           .lu_visits = "ms_visits.csv",
                                           .fr_assessments = "SEP_EVALUATIONS.csv",
                                           .ch_scores = "ms_scores.csv",
                                           .draw = DrawMs,
                                           .parameters = MsModelParameters},
                                          {.name = "ra",
                                           .title = "Rheumatoid arthritis",
                                           .classes = {"anti-TNF", "anti-IL-6", "JAK"},
                                           .class_keys = {"anti_tnf", "il6", "jak"},
                                           .baseline = "das28_crp",
                                           .outcome = "low activity at 6 months",
                                           .items = RaItems,
                                           .not_detected = "rf",
                                           .project = "RA",
                                           .lu_visits = "visits.csv",
                                           .fr_assessments = "EVALUATIONS.csv",
                                           .ch_scores = "scores.csv",
                                           .draw = DrawRa,
                                           .parameters = RaModelParameters},
                                          BowelDisease("uc", "Ulcerative colitis", DrawColitis)};

}  // namespace

const SyntheticDisease* FindSyntheticDisease(std::string_view name) {
  const auto* found = std::ranges::find(kDiseases, name, &SyntheticDisease::name);
  return found == std::end(kDiseases) ? nullptr : found;
}

std::span<const SyntheticDisease> SyntheticDiseases() { return kDiseases; }

std::string_view SiteName(SyntheticSite site) {
  constexpr std::string_view kNames[] = {"lu-chl", "de-freiburg", "fr-strasbourg", "ch-basel"};
  return kNames[static_cast<std::size_t>(site)];
}

const SyntheticResult* SyntheticVisit::Find(std::string_view key) const {
  const auto found =
      std::ranges::find_if(results, [&](const auto& result) { return result.item->key == key; });
  return found == results.end() ? nullptr : &*found;
}

const SyntheticItem& FindItem(std::span<const SyntheticItem> items, std::string_view key) {
  const auto found = std::ranges::find(items, key, &SyntheticItem::key);
  CLINNOVA_CHECK(found != items.end());
  return *found;
}

}  // namespace clinnova::intake
