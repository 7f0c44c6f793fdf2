// SPDX-License-Identifier: Apache-2.0
// For tests of what becomes of FHIR resources: bundles through reader and loader into a store in memory.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "intake/fhir_reader.h"
#include "intake/loader.h"

namespace clinnova::intake {

class LoaderFixture : public testing::Test {
 protected:
  LoaderFixture()
      : store_(std::move(*store::Store::Open({}))), key_(std::move(*PseudonymKey::ForMemory())) {}

  /// Imports the entries of one bundle; the report's numbers add up.
  ImportReport Load(const std::string& entries) {
    auto loader = Loader::Begin(store_, key_, {.today = "2026-11-23"});
    EXPECT_TRUE(loader.has_value()) << loader.error().message;
    FhirReader reader(**loader);
    const auto read =
        reader.ReadText(R"({"resourceType": "Bundle", "entry": [)" + entries + "]}", "b.json");
    EXPECT_TRUE(read.has_value()) << read.error().message;
    (*loader)->AddFile({"b.json", "00", 10});
    auto report = (*loader)->Finish();
    EXPECT_TRUE(report.has_value()) << report.error().message;
    if (!report) return {};
    for (const auto& [kind, counts] : report->kinds) {
      EXPECT_EQ(counts.read, counts.loaded + counts.quarantined + counts.ignored) << kind;
    }
    return std::move(*report);
  }
  /// The first column of the first row, as text; "" where there is no row, "NULL" where there is no value.
  std::string Text(const std::string& sql) {
    auto rows = store_.database().Query("SELECT (v)::VARCHAR FROM (" + sql + ") t(v)");
    EXPECT_TRUE(rows.has_value()) << rows.error().message;
    if (!rows || !rows->NextChunk()) return {};
    return rows->IsNull(0, 0) ? "NULL" : std::string(rows->Text(0, 0));
  }
  std::string Count(const std::string& from) { return Text("SELECT count(*) FROM " + from); }
  /// The tables of the store that hold `word` anywhere.
  std::string TablesWith(const std::string& word) {
    auto rows = store_.database().Query(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE NOT temporary AND NOT "
        "internal");
    EXPECT_TRUE(rows.has_value()) << rows.error().message;
    std::string found;
    int tables = 0;
    while (rows && rows->NextChunk()) {
      for (std::size_t r = 0; r < rows->chunk_size(); ++r, ++tables) {
        const std::string table(rows->Text(0, r));
        if (Count(table + " t WHERE contains(t::VARCHAR, " + core::SqlLiteral(word) + ")") != "0") {
          found += table + " ";
        }
      }
    }
    EXPECT_GT(tables, 39);
    return found;
  }

  store::Store store_;
  PseudonymKey key_;
};

}  // namespace clinnova::intake
