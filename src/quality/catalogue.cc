// SPDX-License-Identifier: Apache-2.0
#include "quality/catalogue.h"

#include <algorithm>

#include "core/check.h"
#include "core/text.h"
#include "vocabulary/tab_separated.h"

namespace clinnova::embedded {
extern const std::string_view quality_types;
extern const std::string_view quality_fields;
extern const std::string_view quality_clinnova;
extern const std::string_view quality_concepts;
extern const std::string_view quality_clinnova_concepts;
extern const std::string_view quality_rules;
extern const std::string_view quality_scores;
extern const std::string_view quality_new_in_54;
}  // namespace clinnova::embedded

namespace clinnova::quality {
namespace {

using core::Split;
using vocabulary::ForEachRow;
using vocabulary::NumberField;

std::vector<std::int64_t> Identifiers(std::string_view text) {
  std::vector<std::int64_t> ids;
  if (text.empty()) return ids;
  for (const std::string_view id : Split(text, ',')) ids.push_back(NumberField<std::int64_t>(id));
  return ids;
}

void ReadFields(std::string_view text, Catalogue& catalogue) {
  ForEachRow(text, [&](const auto& f) {
    CLINNOVA_CHECK(f.size() == 5);
    catalogue.fields.push_back(
        {catalogue.Type(f[0]).kind, f[1], f[2], f[3], NumberField<double>(f[4])});
  });
}

void ReadConcepts(std::string_view text, std::string_view source, Catalogue& catalogue) {
  ForEachRow(text, [&](const auto& f) {
    CLINNOVA_CHECK(f.size() == 7);
    catalogue.concepts.push_back({catalogue.Type(f[0]).kind, f[1], f[2], Identifiers(f[3]), f[4],
                                  NumberField<double>(f[5]), f[6], source});
  });
}

void ReadRules(Catalogue& catalogue) {
  ForEachRow(embedded::quality_rules, [&](const auto& f) {
    CLINNOVA_CHECK(f.size() == 10);
    const bool below = f[3].ends_with('+');
    catalogue.rules.push_back({f[0], f[1], f[2], Identifiers(f[3].substr(0, f[3].size() - below)),
                               below, Split(f[4], ','), f[5], f[6], NumberField<double>(f[7]), f[8],
                               f[9]});
  });
}

void ReadScores(Catalogue& catalogue) {
  ForEachRow(embedded::quality_scores, [&](const auto& f) {
    CLINNOVA_CHECK(f.size() == 6);
    ScoreSum score{NumberField<std::int64_t>(f[0]), f[1], f[2], f[3], {}, f[5]};
    for (const std::string_view item : Split(f[4], ';')) {
      const auto parts = Split(item, ':');
      CLINNOVA_CHECK(parts.size() == 3);
      score.items.push_back(
          {NumberField<std::int64_t>(parts[0]), NumberField<std::int64_t>(parts[1]), parts[2]});
    }
    catalogue.scores.push_back(std::move(score));
  });
}

Catalogue Read() {
  Catalogue catalogue;
  ForEachRow(embedded::quality_types, [&](const auto& f) {
    CLINNOVA_CHECK(f.size() == 6);
    catalogue.types.push_back({f[0], f[1], f[2], f[3], f[4], f[5]});
  });
  ReadFields(embedded::quality_fields, catalogue);
  ReadFields(embedded::quality_clinnova, catalogue);
  ReadConcepts(embedded::quality_concepts, "", catalogue);
  ReadConcepts(embedded::quality_clinnova_concepts, "Clinnova", catalogue);
  ReadRules(catalogue);
  ReadScores(catalogue);
  ForEachRow(embedded::quality_new_in_54, [&](const auto& f) {
    CLINNOVA_CHECK(f.size() == 2);
    catalogue.new_in_54.emplace(f[0], f[1]);
  });
  return catalogue;
}

}  // namespace

const CheckType& Catalogue::Type(std::string_view kind) const {
  const auto found = std::ranges::find(types, kind, &CheckType::kind);
  CLINNOVA_CHECK(found != types.end());
  return *found;
}

std::string_view Catalogue::KeyOf(std::string_view table) const {
  const auto found = std::ranges::find_if(fields, [table](const FieldCheck& check) {
    return check.kind == "primary_key" && check.table == table;
  });
  if (found != fields.end()) return found->field;
  return table == "death" ? "person_id" : "";
}

const Catalogue& GetCatalogue() {
  static const Catalogue catalogue = Read();
  return catalogue;
}

std::string_view StatusName(Status status) {
  switch (status) {
    case Status::kPass: return "pass";
    case Status::kFail: return "fail";
    case Status::kNotApplicable: return "not applicable";
    case Status::kError: return "error";
  }
  return "error";
}

}  // namespace clinnova::quality
