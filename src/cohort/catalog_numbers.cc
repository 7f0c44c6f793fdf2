// SPDX-License-Identifier: Apache-2.0
#include "cohort/catalog_numbers.h"

#include <algorithm>
#include <set>

#include "cohort/disease_module.h"
#include "store/cdm54.h"

namespace clinnova::cohort {
namespace {

constexpr std::string_view kTables[] = {"person",           "observation_period",
                                        "visit_occurrence", "condition_occurrence",
                                        "drug_exposure",    "procedure_occurrence",
                                        "device_exposure",  "measurement",
                                        "observation",      "death",
                                        "specimen"};
constexpr std::string_view kDiseases[] = {"ra", "cd", "uc", "ms"};
constexpr std::string_view kSeen = "person_id IN (SELECT person_id FROM clinnova.research_person)";

/// Tables and their columns of concepts whose vocabularies an entry names.
constexpr std::pair<std::string_view, std::string_view> kConcepts[] = {
    {"condition_occurrence", "condition_concept_id"},
    {"condition_occurrence", "condition_source_concept_id"},
    {"drug_exposure", "drug_concept_id"},
    {"drug_exposure", "drug_source_concept_id"},
    {"procedure_occurrence", "procedure_concept_id"},
    {"procedure_occurrence", "procedure_source_concept_id"},
    {"device_exposure", "device_concept_id"},
    {"measurement", "measurement_concept_id"},
    {"measurement", "measurement_source_concept_id"},
    {"measurement", "unit_concept_id"},
    {"observation", "observation_concept_id"},
    {"observation", "observation_source_concept_id"},
    {"specimen", "specimen_concept_id"}};

using Rows = std::vector<std::vector<std::optional<std::int64_t>>>;

class Counter {
 public:
  Counter(store::Store& store, const CatalogCountOptions& options)
      : database_(store.database()), options_(options) {
    const bool open = options.minimum_count == 0;
    numbers_.threshold = open ? 0 : std::max<std::int64_t>(10, options.minimum_count);
    numbers_.step = open ? 1 : numbers_.threshold;
  }

  Result<CatalogNumbers> Count() {
    for (const std::string_view table : kTables) CLINNOVA_TRY(CountTable(std::string(table)));
    numbers_.persons = numbers_.tables.front().persons;
    CLINNOVA_TRY(CountYears());
    CLINNOVA_TRY(FindVocabularies());
    CLINNOVA_TRY(CountDiseases());
    CLINNOVA_TRY(FindLastImport());
    return std::move(numbers_);
  }

 private:
  bool MayTell(std::int64_t persons) const {
    return persons >= std::max<std::int64_t>(numbers_.threshold, 1);
  }
  bool NobodyOrEnough(std::int64_t persons) const { return persons == 0 || MayTell(persons); }
  std::int64_t Rounded(std::int64_t count) const { return count / numbers_.step * numbers_.step; }
  void HoldBack(const std::string& what) {
    numbers_.held_back.push_back(what + ": fewer than " + std::to_string(numbers_.threshold) +
                                 " persons");
  }

  Result<Rows> Query(const std::string& sql) {
    CLINNOVA_ASSIGN(auto found, database_.Query(sql));
    Rows rows;
    while (found.NextChunk()) {
      for (std::size_t r = 0; r < found.chunk_size(); ++r) {
        auto& row = rows.emplace_back(found.column_count());
        for (std::size_t c = 0; c < row.size(); ++c)
          if (!found.IsNull(c, r)) row[c] = found.Int64(c, r);
      }
    }
    return rows;
  }

  static std::vector<CatalogColumn> ColumnsOf(const std::string& table) {
    std::vector<CatalogColumn> columns;
    for (const store::CdmField& field : store::Cdm54Fields()) {
      if (field.table != table || store::IsRowIdentifier(field.name) ||
          store::IsPseudonym(field.table, field.name)) {
        continue;
      }
      columns.push_back({std::string(field.name), std::string(field.type), field.required});
    }
    return columns;
  }

  // Per person first: a count of distinct persons for each column would go over the rows as often.
  static std::string TableSql(const std::string& table, const std::vector<CatalogColumn>& columns) {
    std::string inner = "count(*) AS n";
    std::string outer = "coalesce(sum(n), 0)::BIGINT, count(*)";
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const std::string& name = columns[c].name;
      const std::string given = "n" + std::to_string(c);
      inner += ", count(" + (name.ends_with("_concept_id") ? "nullif(" + name + ", 0)" : name) +
               ") AS " + given;
      outer += ", coalesce(sum(" + given + "), 0)::BIGINT, count(*) FILTER (" + given +
               " > 0), count(*) FILTER (" + given + " < n)";
    }
    return "SELECT " + outer + " FROM (SELECT " + inner + " FROM " + table + " WHERE " +
           std::string(kSeen) + " GROUP BY person_id)";
  }

  Result<void> CountTable(const std::string& name) {
    CatalogTable table{.name = name, .columns = ColumnsOf(name)};
    CLINNOVA_ASSIGN(const Rows rows, Query(TableSql(name, table.columns)));
    const auto& row = rows.at(0);
    const std::int64_t records = row[0].value_or(0);
    const std::int64_t persons = row[1].value_or(0);
    if (persons == 0 && name != "person") return {};
    if (!MayTell(persons)) {
      HoldBack(name);
      if (name == "person") numbers_.tables.push_back(std::move(table));
      return {};
    }
    table.records = Rounded(records);
    table.persons = Rounded(persons);
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const std::int64_t given = row[2 + 3 * c].value_or(0);
      if (NobodyOrEnough(row[3 + 3 * c].value_or(0)) &&
          NobodyOrEnough(row[4 + 3 * c].value_or(0))) {
        table.columns[c].complete_percent = static_cast<int>(given * 100 / records);
      } else {
        HoldBack("completeness of " + name + "." + table.columns[c].name);
      }
    }
    told_records_ += records;
    numbers_.records = Rounded(told_records_);
    numbers_.tables.push_back(std::move(table));
    return {};
  }

  /// The k-th of one number per person from either end of a sorted list.
  Result<std::optional<std::pair<std::int64_t, std::int64_t>>> KthOf(
      const std::string& lowest_per_person, const std::string& highest_per_person,
      const std::string& from) {
    using Ends = std::optional<std::pair<std::int64_t, std::int64_t>>;
    const std::string offset = std::to_string(std::max<std::int64_t>(numbers_.threshold, 1) - 1);
    const auto kth = [&](const std::string& number, const std::string& order) {
      return Query("SELECT v FROM (SELECT (" + number + ")::BIGINT AS v FROM " + from + " WHERE " +
                   std::string(kSeen) + " GROUP BY person_id) WHERE v IS NOT NULL ORDER BY v " +
                   order + " LIMIT 1 OFFSET " + offset);
    };
    CLINNOVA_ASSIGN(const Rows low, kth(lowest_per_person, "ASC"));
    CLINNOVA_ASSIGN(const Rows high, kth(highest_per_person, "DESC"));
    if (low.empty() || high.empty() || *high[0][0] < *low[0][0]) return Ends();
    return Ends({*low[0][0], *high[0][0]});
  }

  Result<void> CountYears() {
    CLINNOVA_ASSIGN(const auto years,
                    KthOf("min(year(observation_period_start_date))",
                          "max(year(observation_period_end_date))", "observation_period"));
    if (!years) {
      HoldBack("temporal coverage");
      return {};
    }
    numbers_.first_year = static_cast<int>(years->first);
    numbers_.last_year = static_cast<int>(years->second);
    const std::string age = "any_value(" + std::to_string(years->second) + " - year_of_birth)";
    CLINNOVA_ASSIGN(const auto ages, KthOf(age, age, "person"));
    if (!ages) {
      HoldBack("ages");
      return {};
    }
    const std::int64_t five = numbers_.step == 1 ? 1 : 5;
    numbers_.minimum_age = static_cast<int>(std::max<std::int64_t>(ages->first, 0) / five * five);
    numbers_.maximum_age =
        static_cast<int>((std::max<std::int64_t>(ages->second, 0) + five - 1) / five * five);
    return {};
  }

  Result<void> FindVocabularies() {
    std::string used;
    for (const auto& [table, column] : kConcepts) {
      used += std::string(used.empty() ? "" : " UNION ALL ") + "SELECT DISTINCT person_id, " +
              std::string(column) + " AS concept_id FROM " + std::string(table) + " WHERE " +
              std::string(kSeen);
    }
    CLINNOVA_ASSIGN(
        auto rows,
        database_.Query("SELECT c.vocabulary_id, count(DISTINCT person_id) FROM (" + used +
                        ") JOIN concept c USING (concept_id) "
                        "WHERE concept_id <> 0 GROUP BY 1 ORDER BY 1"));
    while (rows.NextChunk()) {
      for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
        const std::string vocabulary(rows.Text(0, r));
        if (MayTell(rows.Int64(1, r))) {
          numbers_.vocabularies.push_back(vocabulary);
        } else {
          HoldBack("codes of " + vocabulary);
        }
      }
    }
    return {};
  }

  Result<void> CountDiseases() {
    for (const std::string_view name : kDiseases) {
      CLINNOVA_ASSIGN(const DiseaseModule module,
                      DiseaseModule::Load(name, options_.disease_modules));
      if (module.index_events().empty()) continue;
      const ConceptSet* set = module.FindConceptSet(module.index_events().front().condition);
      if (set == nullptr) continue;
      std::string concepts;
      for (const std::int64_t id : set->concepts)
        concepts += (concepts.empty() ? "" : ", ") + std::to_string(id);
      CLINNOVA_ASSIGN(
          const std::int64_t persons,
          database_.QueryInt64("SELECT count(DISTINCT person_id) FROM condition_occurrence WHERE " +
                               std::string(kSeen) + " AND (condition_concept_id IN (" + concepts +
                               ") OR condition_concept_id IN (SELECT descendant_concept_id FROM "
                               "concept_ancestor WHERE ancestor_concept_id IN (" +
                               concepts + ")))"));
      if (MayTell(persons)) {
        numbers_.diseases.emplace_back(module.title(), Rounded(persons));
      } else if (persons > 0) {
        HoldBack("persons with " + module.title());
      }
    }
    return {};
  }

  Result<void> FindLastImport() {
    CLINNOVA_ASSIGN(auto rows, database_.Query("SELECT max(imported_at)::DATE::VARCHAR "
                                               "FROM clinnova.source HAVING count(*) > 0"));
    while (rows.NextChunk()) {
      for (std::size_t r = 0; r < rows.chunk_size(); ++r)
        if (!rows.IsNull(0, r)) numbers_.modified = rows.Text(0, r);
    }
    return {};
  }

  core::Database& database_;  // not owned, outlives this
  const CatalogCountOptions& options_;
  CatalogNumbers numbers_;
  std::int64_t told_records_ = 0;
};

}  // namespace

Result<CatalogNumbers> CountForCatalog(store::Store& store, const CatalogCountOptions& options) {
  return Counter(store, options).Count();
}

}  // namespace clinnova::cohort
