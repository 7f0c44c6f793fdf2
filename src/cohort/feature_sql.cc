// SPDX-License-Identifier: Apache-2.0
#include "cohort/feature_sql.h"

#include <cstdint>
#include <functional>

#include "cohort/progression_sql.h"
#include "cohort/score_formula.h"
#include "core/check.h"
#include "core/duckdb.h"

namespace clinnova::cohort {
namespace {

using core::SqlLiteral;

/// A CDM table as far as features read it.
struct CdmTable {
  const char* name;
  const char* id;
  const char* concept_id;
  const char* date;
  const char* moment;  ///< orders the values of a day; the row's id decides between equals
};

CdmTable TableOf(FeatureSource source) {
  switch (source) {
    case FeatureSource::kMeasurement:
      return {"measurement", "measurement_id", "measurement_concept_id", "measurement_date",
              "measurement_datetime"};
    case FeatureSource::kObservation:
      return {"observation", "observation_id", "observation_concept_id", "observation_date",
              "observation_datetime"};
    case FeatureSource::kCondition:
      return {"condition_occurrence", "condition_occurrence_id", "condition_concept_id",
              "condition_start_date", "condition_start_datetime"};
    case FeatureSource::kProcedure:
      return {"procedure_occurrence", "procedure_occurrence_id", "procedure_concept_id",
              "procedure_date", "procedure_datetime"};
    default:
      return {"drug_exposure", "drug_exposure_id", "drug_concept_id", "drug_exposure_start_date",
              "drug_exposure_start_datetime"};
  }
}

/// CASE concept WHEN … : the level's name, NULL for a concept that no level lists.
std::string LevelCase(const Feature& feature, const std::string& concept_id) {
  std::string sql = "CASE";
  for (const FactorLevel& level : feature.levels) {
    sql += " WHEN " + concept_id + " IN (";
    for (std::size_t i = 0; i < level.concepts.size(); ++i) {
      sql += (i == 0 ? "" : ", ") + std::to_string(level.concepts[i]);
    }
    sql += ") THEN " + SqlLiteral(level.name);
  }
  return sql + " END";
}

/// What a row of the CDM table gives.
std::string RowValue(const Feature& feature) {
  if (feature.source == FeatureSource::kMeasurement) return "r.value_as_number::FLOAT8";
  if (feature.source != FeatureSource::kObservation) return "1.0";
  return feature.levels.empty() ? "r.value_as_number::FLOAT8"
                                : LevelCase(feature, "r.value_as_concept_id");
}

/// Both conditions, of which either may be empty.
std::string Both(const std::string& one, const std::string& other) {
  return one + (one.empty() || other.empty() ? "" : " AND ") + other;
}

/// The value in the rows of a condition, where there is one; NULL, which no summary counts, in the others. It is what
/// FILTER says, but for each of many FILTERs in one statement DuckDB makes room for the columns of all.
std::string In(const std::string& condition, const std::string& value) {
  return condition.empty() ? value : "CASE WHEN " + condition + " THEN " + value + " END";
}

/// The day that windows are about, where each person of the cohort has one.
constexpr const char* kIndexDate = "c.index_date";

/// The rows' summary; `counted` is a condition on those that count, empty where all of them do.
std::string SummaryOf(const Feature& feature, const CdmTable& table, SqlDialect dialect,
                      const std::string& index_date, const std::string& counted) {
  const std::string day = std::string("r.") + table.date;
  const std::string id = std::string("r.") + table.id;
  const std::string moment =
      std::string("coalesce(r.") + table.moment + ", " + day + "::TIMESTAMP)";
  const std::string value = RowValue(feature);
  const std::string seen = Both(id + " IS NOT NULL AND " + value + " IS NOT NULL", counted);
  switch (feature.summary) {
    case Summary::kLast:
      return ValueAt(dialect, Extreme::kGreatest, value, {day, moment, id}, seen);
    case Summary::kFirst: return ValueAt(dialect, Extreme::kLeast, value, {day, moment, id}, seen);
    case Summary::kMax: return "max(" + In(counted, value) + ")";
    case Summary::kMin: return "min(" + In(counted, value) + ")";
    case Summary::kMean:
      return "avg(" + In(counted, value) + " ORDER BY " + day + ", " + moment + ", " + id + ")";
    case Summary::kCount: return "count(" + In(counted, id) + ")::FLOAT8";
    case Summary::kActive:
    case Summary::kAny: {
      const std::string enough =
          feature.at_least ? value + " >= " + DoubleSql(*feature.at_least) : "";
      return "(count(" + In(Both(enough, counted), id) + ") > 0)::INTEGER::FLOAT8";
    }
    case Summary::kNearest:
      return ValueAt(
          dialect, Extreme::kLeast, value,
          {"abs(" + day + " - " + index_date + " - " + std::to_string(feature.nearest_day) + ")",
           day, moment, id},
          seen);
    case Summary::kYearsSinceFirst:
      return "(min(" + index_date + ") - min(" + In(counted, day) + "))::FLOAT8 / 365.25";
  }
  return {};
}

/// Which rows are in the window: those whose day is, or an exposure that lasts on one of its days. An
/// exposure without an end goes on; the end that the CDM only has because its field must not be empty
/// (compile_study.cc) is none. Each side of a comparison names one table only: a left
/// join on an expression of both is one that compares every row with every person in DuckDB.
std::string InWindow(const Feature& feature, const std::string& day,
                     const std::string& index_date) {
  const std::string first = index_date + " + (" + std::to_string(feature.window_from) + ")";
  const std::string last = index_date + " + (" + std::to_string(feature.window_to) + ")";
  if (feature.summary != Summary::kActive) {
    return day + " >= " + first + " AND " + day + " <= " + last;
  }
  return day + " <= " + last +
         "\n   AND coalesce(r.verbatim_end_date,\n"
         "                CASE WHEN r.drug_exposure_end_date > r.drug_exposure_start_date\n"
         "                     THEN r.drug_exposure_end_date END,\n"
         "                DATE '9999-12-31') >= " +
         first;
}

bool IsOfRows(const Feature& feature) {
  return feature.source >= FeatureSource::kMeasurement &&
         feature.source <= FeatureSource::kProcedure;
}

std::string RowsSql(const Feature& feature, SqlDialect dialect) {
  const CdmTable table = TableOf(feature.source);
  const std::string day = std::string("r.") + table.date;
  return "SELECT c.person_id, " + SummaryOf(feature, table, dialect, kIndexDate, "") +
         " AS value\n" + "  FROM cohort c LEFT JOIN " + table.name +
         " r ON r.person_id = c.person_id\n" + "   AND " + InWindow(feature, day, kIndexDate) +
         "\n" + "   AND r." + table.concept_id +
         " IN (SELECT concept_id FROM set_member WHERE set_name = " +
         SqlLiteral(feature.concept_set) + ")\n" + "  GROUP BY c.person_id";
}

/// FROM cohort c with each needed feature joined under its own name.
std::string JoinNeeds(const Feature& feature) {
  std::string sql = "\n  FROM cohort c";
  std::string seen;
  for (const std::string& need : feature.Needs()) {
    const std::string join = " LEFT JOIN " + FeatureTable(need) + " USING (person_id)";
    if (seen.find(join) == seen.npos) seen += "\n   " + join;
  }
  return sql + seen;
}

/// What stands for another feature's value in an expression.
using ValueOf = std::function<std::string(const std::string& feature)>;

std::string ColumnOf(const std::string& feature) { return FeatureTable(feature) + ".value"; }

std::string ScoreSql(const Feature& feature, const ValueOf& value_of) {
  const ScoreFormula* formula = FindScore(feature.score);
  CLINNOVA_CHECK(formula != nullptr);
  std::map<std::string, std::string, std::less<>> columns;
  for (const auto& [input, name] : feature.inputs) columns[input] = value_of(name);
  return formula->Sql(columns);
}

std::string AnyIsOne(const std::vector<std::string>& features, const ValueOf& value_of) {
  std::string sql;
  for (const std::string& name : features) {
    sql += (sql.empty() ? "" : " OR ") + value_of(name) + " = 1";
  }
  return sql.empty() ? "false" : sql;
}

std::string AllAre(const std::vector<std::string>& features, const std::string& value,
                   const ValueOf& value_of) {
  std::string sql;
  for (const std::string& name : features) {
    sql += (sql.empty() ? "" : " AND ") + value_of(name) + " = " + value;
  }
  return sql.empty() ? "true" : sql;
}

/// Known to be false as soon as one part is, whatever the missing ones are.
std::string AllSql(const Feature& feature, const ValueOf& value_of) {
  std::string refuted = AnyIsOne(feature.no, value_of);
  for (const std::string& name : feature.yes) refuted += " OR " + value_of(name) + " = 0";
  return "CASE WHEN " + refuted + " THEN 0.0\n       WHEN " + AllAre(feature.yes, "1", value_of) +
         " AND " + AllAre(feature.no, "0", value_of) + " THEN 1.0 END";
}

/// What a feature that is made of others is, as an expression of theirs.
std::string DerivedSql(const Feature& feature, const ValueOf& value_of) {
  switch (feature.source) {
    case FeatureSource::kScore: return ScoreSql(feature, value_of);
    case FeatureSource::kThreshold:
      return "(" + value_of(feature.of) + " <= " + DoubleSql(feature.at_most) +
             ")::INTEGER::FLOAT8";
    case FeatureSource::kEither:
      return "CASE WHEN " + AnyIsOne(feature.yes, value_of) + " THEN 1.0\n       WHEN " +
             AnyIsOne(feature.no, value_of) + " THEN 0.0 END";
    default: return AllSql(feature, value_of);
  }
}

// Treatment: the exposures to the index drug that follow each other with gaps of at most gap_days. An
// exposure without an end goes on. The end is the last end, or the day another drug of an arm begins;
// one after the last day of observation was planned, not seen.
std::string DrugSurvivalSql(const Feature& feature, const std::string& value) {
  return "WITH chain AS (\n"
         "    SELECT c.person_id, e.start_date, coalesce(e.end_date, DATE '9999-12-31') AS "
         "end_date,\n"
         "           max(coalesce(e.end_date, DATE '9999-12-31')) OVER (\n"
         "             PARTITION BY c.person_id ORDER BY e.start_date, e.end_date NULLS LAST\n"
         "             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered\n"
         "    FROM cohort c JOIN exposure e USING (person_id, drug_id)),\n"
         "  numbered AS (\n"
         "    SELECT *, sum(CASE WHEN start_date - covered > " +
         std::to_string(feature.gap_days) +
         " THEN 1 ELSE 0 END) OVER (\n"
         "             PARTITION BY person_id ORDER BY start_date, end_date ROWS UNBOUNDED "
         "PRECEDING)\n"
         "             AS treatment\n"
         "    FROM chain),\n"
         "  ended AS (SELECT person_id, max(end_date) AS end_date FROM numbered\n"
         "            WHERE treatment = 0 GROUP BY person_id),\n"
         "  switched AS (SELECT c.person_id, min(e.start_date) AS switch_date\n"
         "               FROM cohort c JOIN exposure e USING (person_id)\n"
         "               WHERE e.drug_id <> c.drug_id AND e.start_date > c.index_date\n"
         "               GROUP BY c.person_id),\n"
         "  seen AS (SELECT person_id, max(observation_period_end_date) AS last_day\n"
         "           FROM observation_period GROUP BY person_id),\n"
         "  span AS (SELECT c.person_id, c.index_date,\n"
         "                  least(t.end_date, coalesce(s.switch_date, t.end_date)) AS stop_date,\n"
         "                  greatest(c.index_date, coalesce(o.last_day, c.index_date)) AS "
         "last_day\n"
         "           FROM cohort c JOIN ended t USING (person_id)\n"
         "           LEFT JOIN switched s USING (person_id) LEFT JOIN seen o USING (person_id))\n"
         "  SELECT person_id, " +
         value + " AS value FROM span";
}

}  // namespace

std::string FeatureTable(const std::string& feature) { return "f_" + feature; }

std::string FeatureSql(const Feature& feature, SqlDialect dialect) {
  const std::string of_cohort = " AS value FROM cohort c";
  switch (feature.source) {
    case FeatureSource::kArm: return "SELECT c.person_id, c.arm" + of_cohort;
    case FeatureSource::kAge: return "SELECT c.person_id, c.age::FLOAT8" + of_cohort;
    case FeatureSource::kSex:
      return "SELECT c.person_id, " + LevelCase(feature, "p.gender_concept_id") + of_cohort +
             " JOIN person p USING (person_id)";
    case FeatureSource::kMeasurement:
    case FeatureSource::kObservation:
    case FeatureSource::kCondition:
    case FeatureSource::kDrug:
    case FeatureSource::kProcedure: return RowsSql(feature, dialect);
    case FeatureSource::kScore:
    case FeatureSource::kThreshold:
    case FeatureSource::kEither:
    case FeatureSource::kAll:
      return "SELECT c.person_id, " + DerivedSql(feature, ColumnOf) + " AS value" +
             JoinNeeds(feature);
    case FeatureSource::kFollowed:
      return "SELECT c.person_id, (coalesce(max(o.observation_period_end_date), c.index_date)\n"
             "       - c.index_date >= " +
             std::to_string(feature.followed_to) +
             ")::INTEGER::FLOAT8 AS value\n  FROM cohort c LEFT JOIN observation_period o USING "
             "(person_id)\n"
             "  GROUP BY c.person_id, c.index_date";
    case FeatureSource::kProgression: return ProgressionSql(feature, dialect);
    case FeatureSource::kDaysOnDrug:
      return DrugSurvivalSql(feature, "(least(stop_date, last_day) - index_date)::FLOAT8");
    case FeatureSource::kDiscontinued:
      return DrugSurvivalSql(feature, "(stop_date <= last_day)::INTEGER::FLOAT8");
  }
  return {};
}

namespace {

/// Writes FeaturesSql.
class Together {
 public:
  Together(const Questionnaire& asked, const Persons& persons) : asked_(asked), persons_(persons) {}

  std::string Write() {
    for (const Feature& feature : asked_.features) value_[feature.name] = ValueSql(feature);
    std::string sql = "SELECT s.person_id, s.age, s.consented, s.drugs";
    for (const Feature& feature : asked_.features) {
      sql += ",\n  " + value_.at(feature.name) + " AS " + FeatureTable(feature.name);
    }
    return sql + "\nFROM (" + Rows() + ") s" + joins_;
  }

 private:
  std::string ValueSql(const Feature& feature) {
    const std::string name = FeatureTable(feature.name);
    if (!feature.Needs().empty()) {
      const auto value_of = [this](const std::string& need) { return value_.at(need); };
      return "(" + DerivedSql(feature, value_of) + ")";
    }
    if (feature.source == FeatureSource::kAge) return "s.age::FLOAT8";
    if (feature.source == FeatureSource::kSex) return LevelCase(feature, "s.gender");
    if (IsOfRows(feature)) {
      AddRows(feature);
      return "s." + name;
    }
    joins_ += "\nLEFT JOIN (" + FeatureSql(feature, SqlDialect::kDuckDb) + ") of_" + name +
              " USING (person_id)";
    return "of_" + name + ".value";
  }

  std::string IsMember(const std::string& set, const std::string& concept_id) const {
    const auto found = asked_.concepts.find(set);
    const std::string list = found == asked_.concepts.end() ? "[]::BIGINT[]" : found->second;
    return "list_contains(" + list + ", r." + concept_id + ")";
  }

  void AddRows(const Feature& feature) {
    const CdmTable table = TableOf(feature.source);
    const std::string counted =
        IsMember(feature.concept_set, table.concept_id) + " AND " +
        InWindow(feature, std::string("r.") + table.date, persons_.index_date);
    summaries_ += ",\n    " +
                  SummaryOf(feature, table, SqlDialect::kDuckDb, persons_.index_date, counted) +
                  " AS " + FeatureTable(feature.name);
  }

  /// One aggregate for all of them, as every one costs more than the bits of many.
  std::string Drugs() {
    const CdmTable table = TableOf(FeatureSource::kDrug);
    std::string bits;
    for (std::size_t k = 0; k < asked_.drugs.size(); ++k) {
      bits += std::string(bits.empty() ? "" : " | ") + "CASE WHEN " +
              IsMember(asked_.drugs[k], table.concept_id) + " THEN " +
              std::to_string(std::int64_t{1} << k) + "::BIGINT ELSE 0 END";
    }
    return bits.empty() ? "0::BIGINT" : "bit_or(" + bits + ")";
  }

  std::string Rows() {
    return "SELECT r.person_id, max(r.person_age) AS age, max(r.person_gender) AS gender,\n    " +
           persons_.consented + " AS consented, " + Drugs() + " AS drugs" + summaries_ +
           "\n  FROM (" + persons_.rows + ") r\n  GROUP BY r.person_id";
  }

  const Questionnaire& asked_;                // not owned
  const Persons& persons_;                    // not owned
  std::map<std::string, std::string> value_;  ///< of each feature so far
  std::string summaries_;
  std::string joins_;
};

}  // namespace

std::string FeaturesSql(const Questionnaire& asked, const Persons& persons) {
  CLINNOVA_CHECK(asked.drugs.size() < 63);
  return Together(asked, persons).Write();
}

}  // namespace clinnova::cohort
