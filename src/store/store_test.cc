// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "store/cdm54.h"

namespace clinnova::store {
namespace {

Store InMemory() {
  auto store = Store::Open({});
  EXPECT_TRUE(store.has_value()) << store.error().message;
  return std::move(*store);
}

std::filesystem::path TemporaryFile(const std::string& name) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("clinnova_store_" + std::to_string(::getpid()) + "_" + name);
  std::filesystem::remove(path);
  return path;
}

TEST(Store, HoldsEveryTableAndFieldOfTheCdm) {
  Store store = InMemory();
  EXPECT_EQ(store.database()
                .QueryInt64("SELECT count(DISTINCT table_name) FROM information_schema.columns "
                            "WHERE table_schema = 'main'")
                .value(),
            39);
}

TEST(Store, HasTheFieldsOfThePublishedDefinition) {
  const char* folder = std::getenv("CLINNOVA_SHARED_DATA");
  const std::string path = std::string(folder ? folder : CLINNOVA_SOURCE_DIR "/../shared/data") +
                           "/omop/cdm54/OMOP_CDMv5.4_Field_Level.csv";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no CDM definition";
  Store store = InMemory();
  auto& database = store.database();
  auto published = database.Execute(
      "CREATE TEMP TABLE published AS SELECT lower(cdmTableName) AS table_name, "
      "lower(trim(cdmFieldName, '\"')) AS field, upper(isRequired) = 'YES' AS required, "
      "lower(cdmDatatype) AS type FROM read_csv(" +
      core::SqlLiteral(path) + ", header = true, quote = '\"', escape = '\"', all_varchar = true)");
  ASSERT_TRUE(published.has_value()) << published.error().message;
  EXPECT_GT(database.QueryInt64("SELECT count(*) FROM published").value(), 400);
  auto different = database.Query(R"sql(
SELECT coalesce(p.table_name || '.' || p.field, c.table_name || '.' || c.column_name)
FROM published p FULL JOIN (SELECT * FROM information_schema.columns WHERE table_schema = 'main'
                            AND table_catalog NOT IN ('temp', 'system')) c
  ON c.table_name = p.table_name AND c.column_name = p.field
WHERE p.field IS NULL OR c.column_name IS NULL OR (c.is_nullable = 'NO') <> p.required
   OR CASE WHEN p.type = 'integer' THEN c.data_type NOT IN ('INTEGER', 'BIGINT')
           WHEN p.type = 'float' THEN c.data_type <> 'DOUBLE'
           WHEN p.type = 'date' THEN c.data_type <> 'DATE'
           WHEN p.type = 'datetime' THEN c.data_type <> 'TIMESTAMP'
           ELSE c.data_type <> 'VARCHAR' END)sql");
  ASSERT_TRUE(different.has_value()) << different.error().message;
  while (different->NextChunk()) {
    for (std::size_t r = 0; r < different->chunk_size(); ++r)
      ADD_FAILURE() << different->Text(0, r);
  }
}

TEST(Store, HoldsTheEmbeddedVocabularyOnce) {
  const auto path = TemporaryFile("vocabulary.duckdb");
  std::int64_t concepts = 0;
  for (int opened = 0; opened < 2; ++opened) {
    auto store = Store::Open({.path = path.string()});
    ASSERT_TRUE(store.has_value()) << store.error().message;
    const auto count = store->database().QueryInt64("SELECT count(*) FROM concept").value();
    if (opened == 0) concepts = count;
    EXPECT_EQ(count, concepts);
    EXPECT_EQ(
        store->database()
            .QueryInt64("SELECT count(*) FROM concept_ancestor a JOIN concept c ON "
                        "c.concept_id = a.ancestor_concept_id WHERE c.concept_code = 'anti-TNF'")
            .value(),
        5);
  }
  EXPECT_GT(concepts, 150);
  std::filesystem::remove(path);
}

TEST(Store, WritesItsOwnConceptsAnewWhenTheyChanged) {
  const auto path = TemporaryFile("renamed.duckdb");
  {
    auto store = Store::Open({.path = path.string()});
    ASSERT_TRUE(store->database().Execute(
        "UPDATE concept SET concept_name = 'an older name' WHERE concept_id = 2000000102;"
        "UPDATE concept SET concept_name = 'from a full vocabulary' WHERE concept_id = 80809;"
        "UPDATE clinnova.setting SET value = 'another' WHERE name = 'vocabulary_hash'"));
  }
  auto store = Store::Open({.path = path.string()});
  ASSERT_TRUE(store.has_value()) << store.error().message;
  const auto count = [&](const char* where) {
    return store->database()
        .QueryInt64(std::string("SELECT count(*) FROM concept WHERE ") + where)
        .value();
  };
  EXPECT_EQ(count("concept_id = 2000000102 AND concept_name = 'TNF inhibitor'"), 1);
  EXPECT_EQ(count("concept_id = 80809 AND concept_name = 'from a full vocabulary'"), 1);
  EXPECT_EQ(count("concept_id = 80809"), 1);
  std::filesystem::remove(path);
}

TEST(Store, RefusesWhatIsNotAStoreAndWhatIsNewer) {
  const auto foreign = TemporaryFile("foreign.duckdb");
  {
    auto database = core::Database::Open({.path = foreign.string()});
    ASSERT_TRUE(database->Execute("CREATE TABLE t (a INTEGER)"));
  }
  auto refused = Store::Open({.path = foreign.string()});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidInput);
  std::filesystem::remove(foreign);

  const auto newer = TemporaryFile("newer.duckdb");
  {
    auto store = Store::Open({.path = newer.string()});
    ASSERT_TRUE(store->database().Execute(
        "INSERT INTO clinnova.schema_version VALUES (99, now()::TIMESTAMP)"));
  }
  auto too_new = Store::Open({.path = newer.string()});
  ASSERT_FALSE(too_new.has_value());
  EXPECT_NE(too_new.error().message.find("99"), std::string::npos);
  std::filesystem::remove(newer);

  const auto text = TemporaryFile("text.duckdb");
  std::ofstream(text) << std::string(5000, 'x');
  EXPECT_FALSE(Store::Open({.path = text.string()}).has_value());
  std::filesystem::remove(text);
}

TEST(Store, BringsAnOlderFileToTheNewTables) {
  constexpr const char* kSinceVersion2[] = {"sample",        "specimen_use",  "imaging",
                                            "biomarker",     "provider_role", "quality_run",
                                            "quality_result"};
  const auto path = TemporaryFile("older.duckdb");
  {
    auto store = Store::Open({.path = path.string()});
    ASSERT_TRUE(store->database().Execute(
        "INSERT INTO clinnova.unmapped_code VALUES ('drug', 'ATC', 'X', NULL);"
        "DELETE FROM clinnova.schema_version WHERE version > 2"));
    for (const char* table : kSinceVersion2) {
      ASSERT_TRUE(store->database().Execute(std::string("DROP TABLE clinnova.") + table));
    }
  }
  auto store = Store::Open({.path = path.string()});
  ASSERT_TRUE(store.has_value()) << store.error().message;
  for (const char* table : kSinceVersion2) {
    const auto rows =
        store->database().QueryInt64(std::string("SELECT count(*) FROM clinnova.") + table);
    EXPECT_TRUE(rows.has_value()) << table;
  }
  EXPECT_EQ(store->database().QueryInt64("SELECT count(*) FROM clinnova.unmapped_code").value(), 1);
  EXPECT_EQ(
      store->database().QueryInt64("SELECT max(version) FROM clinnova.schema_version").value(),
      Store::CurrentVersion());
  std::filesystem::remove(path);
}

TEST(Store, WidensTheIdentifiersOfAnOlderFile) {
  const auto path = TemporaryFile("narrow.duckdb");
  {
    auto store = Store::Open({.path = path.string()});
    ASSERT_TRUE(store->database().Execute(
        "ALTER TABLE fact_relationship ALTER COLUMN fact_id_1 SET DATA TYPE INTEGER;"
        "ALTER TABLE fact_relationship ALTER COLUMN fact_id_2 SET DATA TYPE INTEGER;"
        "INSERT INTO fact_relationship VALUES (21, 7, 21, 8, 44818790);"
        "DELETE FROM clinnova.schema_version WHERE version > 4"));
  }
  auto store = Store::Open({.path = path.string()});
  ASSERT_TRUE(store.has_value()) << store.error().message;
  EXPECT_TRUE(store->database().Execute(
      "INSERT INTO fact_relationship VALUES (21, 9223372036854775807, 21, 9223372036854775806, "
      "44818790)"));
  EXPECT_EQ(store->database()
                .QueryInt64("SELECT count(*) FROM fact_relationship WHERE fact_id_1 = 7 OR "
                            "fact_id_2 = 9223372036854775806")
                .value(),
            2);
  std::filesystem::remove(path);
}

TEST(Store, KeepsWhatMadeTheRowIdentifiersOfAnOlderFile) {
  const auto path = TemporaryFile("row_hash.duckdb");
  const auto row_hash = [](Store& store) {
    auto rows = store.database().Query(
        "SELECT string_agg(value) FROM clinnova.setting WHERE name = 'row_hash'");
    return rows && rows->NextChunk() ? std::string(rows->Text(0, 0)) : "";
  };
  for (const bool has_rows : {false, true}) {
    {
      auto store = Store::Open({.path = path.string()});
      EXPECT_EQ(row_hash(*store), "siphash");
      ASSERT_TRUE(
          store->database().Execute("DELETE FROM clinnova.setting WHERE name = 'row_hash';"
                                    "DELETE FROM clinnova.schema_version WHERE version > 5"));
      if (has_rows) {
        ASSERT_TRUE(store->database().Execute(
            "INSERT INTO clinnova.pseudonym_key VALUES ('45166baa782e5a99', now()::TIMESTAMP)"));
      }
    }
    auto store = Store::Open({.path = path.string()});
    ASSERT_TRUE(store.has_value()) << store.error().message;
    EXPECT_EQ(row_hash(*store), has_rows ? "blake2b" : "siphash");
  }
  std::filesystem::remove(path);
}

struct ConsentCase {
  const char* what;
  const char* rows;  ///< (status, from, to) of person 1
  bool required_sees;
  bool unless_refused_sees;
};

TEST(Store, LetsStudiesSeeOnlyPersonsWithConsent) {
  const std::initializer_list<ConsentCase> cases = {
      {"nothing recorded", "", false, true},
      {"given", "('given', '2020-01-01', NULL)", true, true},
      {"refused", "('refused', '2020-01-01', NULL)", false, false},
      {"given, then withdrawn", "('given', '2020-01-01', NULL), ('withdrawn', '2021-01-01', NULL)",
       false, false},
      {"withdrawn, then given again",
       "('withdrawn', '2020-01-01', NULL), ('given', '2021-01-01', NULL)", true, true},
      {"both on one day", "('given', '2020-01-01', NULL), ('withdrawn', '2020-01-01', NULL)", false,
       false},
      {"run out", "('given', '2000-01-01', '2001-01-01')", false, true},
      {"not yet", "('given', '2990-01-01', NULL)", false, true},
      {"without dates", "('given', NULL, NULL)", true, true},
  };
  for (const ConsentCase& c : cases) {
    Store store = InMemory();
    auto& database = store.database();
    ASSERT_TRUE(database.Execute(
        "INSERT INTO person (person_id, gender_concept_id, year_of_birth, race_concept_id, "
        "ethnicity_concept_id) VALUES (1, 8532, 1960, 0, 0)"));
    if (*c.rows != '\0') {
      ASSERT_TRUE(database.Execute(std::string("INSERT INTO clinnova.consent SELECT row_number() "
                                               "OVER (), 1, 'research', s, f::DATE, "
                                               "t::DATE FROM (VALUES ") +
                                   c.rows + ") v(s, f, t)"));
    }
    const auto sees = [&] {
      return database.QueryInt64("SELECT count(*) FROM clinnova.research_person").value() == 1;
    };
    EXPECT_EQ(sees(), c.required_sees) << c.what;
    ASSERT_TRUE(store.SetConsentRule(Store::ConsentRule::kUnlessRefused));
    EXPECT_EQ(sees(), c.unless_refused_sees) << c.what;
  }
}

}  // namespace
}  // namespace clinnova::store
