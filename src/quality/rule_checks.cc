// SPDX-License-Identifier: Apache-2.0
// The diseases' rules over a table's rows, and scores that are sums of items.
#include <cctype>

#include "quality/check_maker.h"

namespace clinnova::quality {
namespace {

// ---- Rules of the diseases

/// A rule about codes looks at each different one once.
void OverValues(CheckMaker& maker, Check& check, const Rule& rule) {
  maker.OverRows(check, std::string(rule.when), std::string(rule.bad));
  std::string fields;
  for (const std::string_view field : rule.fields)
    fields += (fields.empty() ? "" : ", ") + std::string(field);
  check.count.base =
      "(SELECT " + fields + ", count(*) AS n FROM " + check.table + " GROUP BY " + fields + ") t";
  const auto sum = [](const std::string& condition) {
    return "coalesce(sum(t.n) FILTER (WHERE " + condition + "), 0)";
  };
  check.count.denominator = sum(std::string(rule.when));
  check.count.numerator = sum(check.count.show_where);
}

void AddRules(CheckMaker& maker) {
  for (const Rule& rule : maker.catalogue().rules) {
    Check& check = maker.Add({.kind = "rule",
                              .table = rule.table,
                              .threshold = rule.threshold,
                              .name = rule.description,
                              .suffix = rule.id,
                              .source = rule.source});
    if (!maker.Needs(check, rule.table, rule.fields)) continue;
    if (!rule.concept_field.empty() && !maker.Needs(check, rule.table, {rule.concept_field}))
      continue;
    const std::string of = "(" + std::string(rule.when) + ")";
    const std::string concept_field = "t." + std::string(rule.concept_field);
    if (rule.below) {
      maker.OverRows(check, of + " AND " + BelowName(rule.concepts) + ".k IS NOT NULL",
                     std::string(rule.bad), {BelowJoin(maker, rule.concepts, rule.concept_field)});
    } else if (rule.concept_field.empty()) {
      OverValues(maker, check, rule);
    } else {
      maker.OverRows(check, concept_field + " IN (" + IdList(rule.concepts) + ") AND " + of,
                     std::string(rule.bad));
    }
    if (!rule.concept_field.empty()) check.count.show_columns.push_back(concept_field);
    for (const std::string_view field : rule.fields)
      check.count.show_columns.push_back("t." + std::string(field));
  }
}

/// What an item adds, with its value in place of v.
std::string Adds(const ScoreItem& item) {
  std::string text;
  for (std::size_t i = 0; i < item.adds.size(); ++i) {
    const auto letter = [&](std::size_t at) {
      return at < item.adds.size() && std::isalpha(static_cast<unsigned char>(item.adds[at]));
    };
    const bool alone = item.adds[i] == 'v' && !letter(i + 1) && (i == 0 || !letter(i - 1));
    text += alone ? "value_as_number::FLOAT8" : std::string(1, item.adds[i]);
  }
  return text;
}

// A day on which an item is there twice is left alone: which of them was summed is not known.
void AddScores(CheckMaker& maker) {
  for (const ScoreSum& score : maker.catalogue().scores) {
    Check& check = maker.Add({.kind = "score_sum",
                              .table = "measurement",
                              .threshold = 0,
                              .name = score.name,
                              .suffix = std::to_string(score.concept_id),
                              .source = score.source});
    check.concept_id = score.concept_id;
    if (!maker.Needs(check, "measurement",
                     {"person_id", "measurement_concept_id", "measurement_date", "value_as_number",
                      "unit_concept_id"}))
      continue;
    std::string cases, counts, once = "s.totals = 1";
    for (std::size_t i = 0; i < score.items.size(); ++i) {
      const ScoreItem& item = score.items[i];
      std::string is = "measurement_concept_id = " + std::to_string(item.concept_id);
      if (item.unit_id != 0) is += " AND unit_concept_id = " + std::to_string(item.unit_id);
      const std::string name = "item_" + std::to_string(i);
      cases += " WHEN " + is + " THEN " + Adds(item);
      counts += ", " + CountWhere(is) + " AS " + name;
      once += " AND s." + name + " = 1";
    }
    const std::string total = std::to_string(score.concept_id);
    std::vector<std::int64_t> all = {score.concept_id};
    for (const ScoreItem& item : score.items) all.push_back(item.concept_id);
    const std::string from =
        "(SELECT person_id, measurement_date, count(*) FILTER (WHERE measurement_concept_id = " +
        total +
        ") AS totals, max(value_as_number) FILTER (WHERE measurement_concept_id = " + total +
        ")::FLOAT8 AS total" + counts + ", " + std::string(score.constant) + " + sum(CASE" + cases +
        " END) AS sum_of_items FROM measurement JOIN (SELECT DISTINCT person_id, measurement_date "
        "FROM measurement WHERE measurement_concept_id = " +
        total + ") scored USING (person_id, measurement_date) WHERE measurement_concept_id IN (" +
        IdList(all) + ") AND value_as_number IS NOT NULL GROUP BY person_id, measurement_date) s";
    CheckMaker::Over(check, from, once,
                     "abs(s.total - s.sum_of_items) > " + std::string(score.tolerance) + " + 1e-9");
    check.count.show_columns = {"s.person_id", "s.measurement_date", "s.total", "s.sum_of_items"};
  }
}

}  // namespace

void AddRuleChecks(CheckMaker& maker) {
  AddRules(maker);
  AddScores(maker);
}

}  // namespace clinnova::quality
