// SPDX-License-Identifier: Apache-2.0
// The official tests of SQL on FHIR v2 where they are at hand, and what they do not cover.
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <fstream>

#include "core/duckdb.h"
#include "intake/view_output.h"

namespace clinnova::intake {
namespace {

namespace fs = std::filesystem;

/// Equal as JSON values: the order of members and the way a number is written do not count.
bool Same(const JsonTree& a, const JsonTree& b) {
  if (a.kind() != b.kind()) return false;
  if (a.IsArray()) {
    return std::ranges::equal(a.items(), b.items(), Same);
  }
  if (a.IsObject()) {
    return a.members().size() == b.members().size() &&
           std::ranges::all_of(a.members(), [&](const JsonMember& member) {
             const JsonTree* other = b.Find(member.name);
             return other && Same(member.value, *other);
           });
  }
  if (a.IsNumber()) return Decimal::Parse(a.text()) == Decimal::Parse(b.text());
  return a.text() == b.text() && a.boolean() == b.boolean();
}

struct Table {
  std::string error;
  std::vector<JsonDocument> rows;
};

Table RowsOf(const JsonTree& definition, const JsonTree& resources) {
  Table table;
  const auto view = ViewDefinition::Parse(definition);
  if (!view) return {view.error().message, {}};
  const auto writer =
      ViewWriter::Create({.columns = view->columns(), .text = [&](std::string_view line) {
                            table.rows.push_back(ParseJsonTree(line).value());
                            return Result<void>();
                          }});
  for (const JsonTree& resource : resources.items()) {
    Arena memory;
    const auto rows = view->Rows(resource, memory);
    if (!rows) return {rows.error().message, {}};
    for (const ViewRow& row : *rows) EXPECT_TRUE((*writer)->Add(row).has_value());
  }
  return table;
}

/// Empty when the table is what the test expects, else what differs.
std::string Difference(const JsonTree& test, const JsonTree& resources) {
  Table table = RowsOf(*test.Find("view"), resources);
  const JsonTree* error = test.Find("expectError");
  if (error && error->boolean()) return table.error.empty() ? "expected an error" : "";
  if (!table.error.empty()) return table.error;
  std::string shown;
  for (const JsonDocument& row : table.rows) AppendJson(row.root(), shown);
  if (const JsonTree* columns = test.Find("expectColumns"); columns && !table.rows.empty()) {
    std::vector<std::string> names;
    for (const JsonMember& member : table.rows.front().root().members()) {
      names.emplace_back(member.name.text());
    }
    for (std::size_t c = 0; c < columns->items().size(); ++c) {
      if (c >= names.size() || names[c] != columns->items()[c].text()) return "columns of " + shown;
    }
  }
  const JsonTree* expected = test.Find("expect");
  if (!expected) return "";
  std::vector<JsonTree> open;
  for (const JsonDocument& row : table.rows) open.push_back(row.root());
  for (const JsonTree& row : expected->items()) {
    const auto found =
        std::find_if(open.begin(), open.end(), [&](const auto& r) { return Same(r, row); });
    if (found == open.end()) return "a row is missing from " + shown;
    open.erase(found);
  }
  return open.empty() ? "" : "too many rows: " + shown;
}

TEST(View, PassesTheOfficialTests) {
  const char* given = std::getenv("CLINNOVA_SHARED_DATA");
  const fs::path folder = fs::path(given ? given : CLINNOVA_SOURCE_DIR "/../shared/data") /
                          "conformance/sql-on-fhir-v2/tests";
  if (!fs::exists(folder)) GTEST_SKIP() << "no " << folder;
  int count = 0;
  for (const auto& file : fs::directory_iterator(folder)) {
    const auto suite = ReadJsonFile(file.path());
    ASSERT_TRUE(suite.has_value()) << file.path();
    for (const JsonTree& test : suite->root().Find("tests")->items()) {
      EXPECT_EQ(Difference(test, *suite->root().Find("resources")), "")
          << file.path().filename() << ": " << test.Text("title");
      ++count;
    }
  }
  EXPECT_GE(count, 134);
}

constexpr std::string_view kView = R"json({"resource": "Observation", "select": [{"column": [
  {"name": "id", "path": "getResourceKey()", "type": "string"},
  {"name": "patient", "path": "subject.getReferenceKey(Patient)", "type": "string"},
  {"name": "value", "path": "value.ofType(Quantity).value", "type": "decimal"},
  {"name": "note", "path": "note.text", "type": "string"},
  {"name": "codes", "path": "code.coding.code", "type": "code", "collection": true}]}]})json";

constexpr std::string_view kObservation =
    R"({"resourceType": "Observation", "id": "o1", "subject": {"reference": "Patient/p1"},)"
    R"( "valueQuantity": {"value": 1.50}, "note": [{"text": "a \"b\", c"}],)"
    R"( "code": {"coding": [{"code": "x"}, {"code": "y"}]}})";

class ViewFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("clinnova_view_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Write(const std::string& name, std::string_view text) {
    const fs::path path = folder_ / name;
    if (name.ends_with(".gz")) {
      gzFile file = gzopen(path.c_str(), "wb");
      gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
      gzclose(file);
    } else {
      std::ofstream(path, std::ios::binary) << text;
    }
    return path.string();
  }

  /// The ids of a file's resources, or its error.
  std::string Ids(const std::string& path) {
    std::string ids;
    const auto read = ForEachResource(path, Bundles::kOpened, [&](const JsonTree& resource) {
      ids += std::string(resource.Text("id")) + " ";
      return Result<void>();
    });
    return read ? ids : read.error().message;
  }

  fs::path folder_;
};

TEST_F(ViewFiles, ReadsEveryFormOfResources) {
  const std::string one = R"({"resourceType":"Patient","id":"1"})";
  const std::string two = R"({"resourceType":"Patient","id":"2"})";
  EXPECT_EQ(Ids(Write("one.json", one)), "1 ");
  EXPECT_EQ(Ids(Write("pretty.json", "{\n\"resourceType\":\n\"Patient\",\"id\":\"1\"}\n")), "1 ");
  EXPECT_EQ(Ids(Write("array.json", "[" + one + "," + two + "]")), "1 2 ");
  EXPECT_EQ(Ids(Write("lines.ndjson", one + "\n\n" + two + "\r\n")), "1 2 ");
  EXPECT_EQ(Ids(Write("lines.ndjson.gz", one + "\n" + two)), "1 2 ");
  EXPECT_EQ(
      Ids(Write("bundle.json", R"({"resourceType":"Bundle","entry":[{"resource":)" + one + "}]}")),
      "1 ");
  EXPECT_EQ(Ids(Write("empty.json", "\n")), "");
  EXPECT_NE(Ids(Write("broken.ndjson", one + "\n{\n")).find("line 2: not JSON"), std::string::npos);
  EXPECT_NE(Ids(Write("other.json", "{\"a\":1}")).find("expected a FHIR resource"),
            std::string::npos);
  EXPECT_NE(Ids((folder_ / "absent").string()).find("cannot be opened"), std::string::npos);
}

TEST_F(ViewFiles, WritesCsvAndParquet) {
  const auto view = ViewDefinition::Parse(ParseJsonTree(kView).value().root());
  ASSERT_TRUE(view.has_value()) << view.error().message;
  const JsonDocument document = ParseJsonTree(kObservation).value();
  const JsonTree& resource = document.root();
  Arena memory;
  const auto rows = view->Rows(resource, memory);
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  std::string csv;
  const auto writer = ViewWriter::Create(
      {.format = ViewFormat::kCsv, .columns = view->columns(), .text = [&](std::string_view text) {
         csv += text;
         return Result<void>();
       }});
  ASSERT_TRUE((*writer)->Add(rows->front()).has_value());
  ASSERT_TRUE((*writer)->Finish().has_value());
  EXPECT_EQ(csv,
            "id,patient,value,note,codes\n"
            "Observation/o1,Patient/p1,1.50,\"a \"\"b\"\", c\",\"[\"\"x\"\",\"\"y\"\"]\"\n");

  const std::string file = (folder_ / "view.parquet").string();
  const auto parquet = ViewWriter::Create(
      {.format = ViewFormat::kParquet, .columns = view->columns(), .parquet = file});
  ASSERT_TRUE((*parquet)->Add(rows->front()).has_value());
  ASSERT_TRUE((*parquet)->Finish().has_value());
  auto database = core::Database::Open({});
  auto read = database->Query("SELECT value, note FROM read_parquet(?)", {file});
  ASSERT_TRUE(read.has_value() && read->NextChunk());
  EXPECT_EQ(read->Double(0, 0), 1.5);
  EXPECT_EQ(read->Text(1, 0), "a \"b\", c");
}

TEST_F(ViewFiles, WriteParquetOfUntypedColumnsByTheirValues) {
  const auto view =
      ViewDefinition::Parse(ParseJsonTree(R"json({"resource": "Observation", "select": [{"column": [
        {"name": "truth", "path": "value.ofType(boolean)"},
        {"name": "whole", "path": "value.ofType(integer)"},
        {"name": "number", "path": "value.ofType(Quantity).value"},
        {"name": "text", "path": "value.ofType(string)"},
        {"name": "any", "path": "iif(value is integer, value, value is boolean)"},
        {"name": "none", "path": "note.text"}]}]})json")
                                .value()
                                .root());
  ASSERT_TRUE(view.has_value()) << view.error().message;
  const std::string file = (folder_ / "untyped.parquet").string();
  const auto writer = ViewWriter::Create(
      {.format = ViewFormat::kParquet, .columns = view->columns(), .parquet = file});
  Arena memory;
  for (const char* value :
       {R"("valueBoolean": true)", R"("valueInteger": -7)", R"("valueQuantity": {"value": 2})",
        R"("valueQuantity": {"value": 1.5})", R"("valueString": "12")"}) {
    const JsonDocument document =
        ParseJsonTree(R"({"resourceType": "Observation", )" + std::string(value) + "}").value();
    const auto rows = view->Rows(document.root(), memory);
    ASSERT_TRUE(rows.has_value()) << rows.error().message;
    ASSERT_TRUE((*writer)->Add(rows->front()).has_value());
  }
  ASSERT_TRUE((*writer)->Finish().has_value());
  auto database = core::Database::Open({});
  auto read = database->Query(
      "SELECT string_agg(column_type, ' ') FROM (DESCRIBE SELECT * FROM read_parquet(?))", {file});
  ASSERT_TRUE(read.has_value() && read->NextChunk());
  EXPECT_EQ(std::string(read->Text(0, 0)), "BOOLEAN BIGINT DOUBLE VARCHAR VARCHAR VARCHAR");
  read = database->Query("SELECT sum(number), min(whole), bool_and(truth) FROM read_parquet(?)",
                         {file});
  ASSERT_TRUE(read.has_value() && read->NextChunk());
  EXPECT_EQ(read->Double(0, 0), 3.5);
}

TEST(View, RefusesWhatIsWrongAndSaysWhere) {
  const std::pair<const char*, const char*> kCases[] = {
      {R"({"resource":"Patient"})", "select: found none"},
      {R"({"resource":"Patientt","select":[{"column":[{"name":"a","path":"id"}]}]})",
       "resource: found"},
      {R"({"resource":"Patient","select":[{"column":[{"name":"1a","path":"id"}]}]})",
       "column[0].name"},
      {R"({"resource":"Patient","select":[{"column":[{"name":"a","path":"iid"}]}]})",
       "no element \"iid\""},
      {R"({"resource":"Patient","select":[{"column":[{"name":"a"}]}]})", "column[0].path"},
      {R"({"resource":"Patient","select":[{"column":[{"name":"a","path":"id"},{"name":"a","path":"id"}]}]})",
       "twice"},
      {R"({"resource":"Patient","select":[{"forEach":"name","repeat":["name"],"column":[{"name":"a","path":"use"}]}]})",
       "only one of"}};
  for (const auto& [definition, part] : kCases) {
    const auto view = ViewDefinition::Parse(ParseJsonTree(definition).value().root());
    ASSERT_FALSE(view.has_value()) << definition;
    EXPECT_NE(view.error().message.find(part), std::string::npos) << view.error().message;
  }
}

}  // namespace
}  // namespace clinnova::intake
