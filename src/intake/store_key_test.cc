// SPDX-License-Identifier: Apache-2.0
#include "intake/store_key.h"

#include <gtest/gtest.h>

#include "intake/import.h"
#include "intake/record_keeper.h"

namespace clinnova::intake {
namespace {

class StoreKeyTest : public testing::Test {
 protected:
  std::string Key() const { return (folder_.path() / "site.key").string(); }

  void Import(store::Store& store, const std::string& patients) {
    folder_.Write("export/patienten.csv",
                  "Patientennummer,Geschlecht,Geburtsdatum,Generalkonsent,Konsentdatum,"
                  "Widerrufsdatum\nCH-000001,weiblich,12.11.1962,akzeptiert,12.04.2020,\n");
    folder_.Write("export/besuche.csv",
                  "Patientennummer,Fallnummer,Eintritt,Austritt,Art\n" + patients);
    const auto report = intake::Import(
        store,
        {.paths = {(folder_.path() / "export").string()}, .mapping = "ch-csv", .key_file = Key()});
    ASSERT_TRUE(report.has_value()) << report.error().message;
  }
  static std::int64_t Visits(store::Store& store, const std::string& where = "true") {
    return store.database()
        .QueryInt64("SELECT count(*) FROM visit_occurrence WHERE " + where)
        .value();
  }
  std::int64_t VisitsBy(store::Store& store, RowHash hash) {
    auto key = PseudonymKey::Load(Key());
    key->SetRowHash(hash);
    return Visits(store,
                  "visit_occurrence_id = " + std::to_string(key->RowId("visit", "CH-000001/M0")));
  }

  TestFolder folder_;
};

constexpr const char* kVisit = "CH-000001,M0,12.04.2020,12.04.2020,ambulant\n";

TEST_F(StoreKeyTest, KnowsTheRowsOfAStoreFromBeforeSipHash) {
  auto key = PseudonymKey::LoadOrCreate(Key());
  ASSERT_TRUE(key.has_value()) << key.error().message;
  auto store = store::Store::Open({});
  ASSERT_TRUE(store.has_value()) << store.error().message;
  ASSERT_TRUE(store->database().Execute(
      "INSERT INTO clinnova.pseudonym_key VALUES ('" + key->Fingerprint() +
      "', now()::TIMESTAMP);"
      "UPDATE clinnova.setting SET value = 'blake2b' WHERE name = 'row_hash'"));
  Import(*store, kVisit);
  EXPECT_EQ(VisitsBy(*store, RowHash::kBlake2b), 1);
  EXPECT_EQ(VisitsBy(*store, RowHash::kSipHash), 0);
  Import(*store, "CH-000001,M0,12.04.2020,13.04.2020,ambulant\n");
  EXPECT_EQ(Visits(*store), 1);
  EXPECT_EQ(Visits(*store, "visit_end_date = '2020-04-13'"), 1) << "replaced, not added";
}

TEST_F(StoreKeyTest, KnowsTheRowsOfANewStore) {
  auto store = store::Store::Open({});
  ASSERT_TRUE(store.has_value()) << store.error().message;
  for (int time = 0; time < 2; ++time) Import(*store, kVisit);
  EXPECT_EQ(Visits(*store), 1);
  EXPECT_EQ(VisitsBy(*store, RowHash::kSipHash), 1);
}

}  // namespace
}  // namespace clinnova::intake
