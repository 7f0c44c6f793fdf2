// SPDX-License-Identifier: Apache-2.0
#include "intake/redcap_reader.h"

#include <gtest/gtest.h>

#include "intake/record_keeper.h"

namespace clinnova::intake {
namespace {

constexpr std::string_view kDictionary =
    "field_name,form_name,section_header,field_type,field_label,select_choices_or_calculations,"
    "field_note,"
    "text_validation_type_or_show_slider_number,identifier\n"
    "record_id,base,,text,,,,,\n"
    "name,base,,text,,,,,y\n"
    "sex,base,,radio,,\"1, Female | 2, Male, or other\",,,\n"
    "smoker,base,,yesno,,,,,\n"
    "ill,base,,checkbox,,\"1, Crohn's disease | ab, Asthma\",,,\n"
    "day,base,,text,,,,date_dmy,\n"
    "drug,drugs,,dropdown,,\"L04AB04, Adalimumab\",,,\n";

constexpr std::string_view kMapping = R"(
[file]
pattern = "*"
format = "redcap"
date = "yyyy-mm-dd"
missing = ["-9"]
patient = "record_id"
[[record]]
kind = "person"
id = "record_id"
sex = "sex"
[[record]]
kind = "observation"
id = "{record_id}/smoker"
code = { code = "smoker" }
value = { column = "smoker:label", type = "text" }
start = "day"
[[record]]
kind = "condition"
id = "{record_id}/asthma"
code = { code = "asthma", display_column = "ill___ab:label" }
start = "day"
when = { column = "ill___ab", equals = ["1"] }
[[record]]
kind = "drug"
per = "drugs"
id = "{record_id}/drug/{redcap_repeat_instance}"
code = { system = "ATC", column = "drug", display_column = "drug:label" }
start = "day"
)";

class RedcapReaderTest : public testing::Test {
 protected:
  RedcapReaderTest() {
    auto mapping = Mapping::Parse(kMapping, "m.toml");
    EXPECT_TRUE(mapping.has_value()) << mapping.error().message;
    mapping_ = std::move(*mapping);
    auto dictionary = RedcapDictionary::Load(folder_.Write("dictionary.csv", kDictionary));
    EXPECT_TRUE(dictionary.has_value()) << dictionary.error().message;
    dictionary_ = std::move(*dictionary);
  }

  RecordKeeper Read(const std::string& bytes, const std::string& error = "") {
    RecordKeeper keeper;
    const auto read =
        ReadRedcap(folder_.Write("d.csv", bytes), "d.csv", mapping_, dictionary_, keeper);
    EXPECT_EQ(read ? "" : read.error().message, error);
    return keeper;
  }

  TestFolder folder_;
  Mapping mapping_;
  RedcapDictionary dictionary_;
};

const std::string kColumns =
    "record_id,redcap_repeat_instrument,redcap_repeat_instance,name,sex,smoker,ill___1,ill___ab,"
    "day,drug\n";

TEST_F(RedcapReaderTest, KnowsWhatTheDictionarySays) {
  EXPECT_EQ(dictionary_.fields().size(), 7u);
  const RedcapField* sex = dictionary_.Find("sex");
  ASSERT_NE(sex, nullptr);
  EXPECT_EQ(*sex->LabelOf("2"), "Male, or other");
  EXPECT_EQ(*sex->CodeOf("Female"), "1");
  EXPECT_EQ(sex->CodeOf("3"), nullptr);
  EXPECT_EQ(dictionary_.Find("ill___1")->name, "ill");
  EXPECT_EQ(dictionary_.Find("sex___1"), nullptr) << "no checkbox";
  EXPECT_EQ(dictionary_.Find("base_complete"), nullptr);
  EXPECT_TRUE(dictionary_.Find("name")->identifier);
  EXPECT_TRUE(
      RedcapDictionary::LooksLikeOne("\xEF\xBB\xBF\"Variable / Field Name\",\"Form Name\""));
  EXPECT_FALSE(RedcapDictionary::LooksLikeOne("record_id,sex"));
}

TEST_F(RedcapReaderTest, ReadsCodesOrLabelsTicksAndRepeats) {
  const RecordKeeper keeper =
      Read(kColumns + "7,,,Weber,2,1,0,1,2024-03-01,\n" +
           "8,,,Braun,\"Male, or other\",No,Checked,Unchecked,2024-03-02,\n" +
           "7,drugs,1,,,,,,2024-03-03,L04AB04\n" + "7,drugs,2,,,,,,2024-03-04,Adalimumab\n" +
           "7,samples,1,,,,,,,\n");
  EXPECT_TRUE(keeper.rejected.empty()) << keeper.rejected[0].message;
  const auto persons = keeper.Of(RecordKind::kPerson);
  ASSERT_EQ(persons.size(), 2u);
  EXPECT_EQ(persons[0].sex, "2");
  EXPECT_EQ(persons[1].sex, "2") << "an export of labels";
  const auto smokers = keeper.Of(RecordKind::kObservation);
  ASSERT_EQ(smokers.size(), 2u);
  EXPECT_EQ(smokers[0].value->text, "Yes");
  EXPECT_EQ(smokers[1].value->text, "No");
  const auto asthma = keeper.Of(RecordKind::kCondition);
  ASSERT_EQ(asthma.size(), 1u);
  EXPECT_EQ(asthma[0].codes[0].display, "Asthma");
  const auto drugs = keeper.Of(RecordKind::kDrug);
  ASSERT_EQ(drugs.size(), 2u);
  EXPECT_EQ(drugs[0].id, "7/drug/1");
  EXPECT_EQ(drugs[1].codes[0].code, "L04AB04");
  EXPECT_EQ(drugs[1].codes[0].display, "Adalimumab");
  EXPECT_EQ(keeper.ignored.at("REDCap rows of samples: not in the mapping"), 1);
}

TEST_F(RedcapReaderTest, QuarantinesWhatTheDictionaryDoesNotKnow) {
  const RecordKeeper keeper =
      Read(kColumns + "7,,,Weber,5,1,0,1,2024-03-01,\n" + "8,,,Braun,-9,x,0,yes,2024-03-02,\n" +
           "9,,\n" + "10,,,\"Weber,1,0,0,0,2024-03-04,\n" + "11,,,Roth,1,,,,2024-02-30,\n");
  EXPECT_EQ(keeper.Rules(),
            (std::vector<std::string>{"redcap.choice@2", "redcap.choice@3", "redcap.choice@3",
                                      "csv.field_count@4", "csv.unclosed_quote@5"}));
  EXPECT_EQ(keeper.rejected[0].message,
            "sex: found \"5\", expected a code or label of the data dictionary");
  EXPECT_EQ(keeper.Of(RecordKind::kObservation).size(), 1u) << "the row's other fields are read";
  for (const RejectedRecord& r : keeper.rejected)
    EXPECT_EQ((r.raw + r.message).find("Weber"), std::string::npos) << "a name in quarantine";
}

TEST_F(RedcapReaderTest, SaysWhichColumnNothingKnows) {
  EXPECT_TRUE(Read("record_id,sex\n1,2\n").rejected.empty()) << "an export without an instrument";
  Read("record_id,sex,sex\n1,2,2\n", "d.csv:1: found twice the column \"sex\", expected once");
  Read("", "d.csv:1: found no header line, expected field names");
  std::string typo(kMapping);
  typo.replace(typo.find("ill___ab\", equals"), 8, "ill___cd");
  mapping_ = *Mapping::Parse(typo, "m.toml");
  Read("record_id,sex\n1,2\n",
       "d.csv:1: found no column \"ill___cd\" there or in the data dictionary, expected by m.toml");
}

TEST_F(RedcapReaderTest, RefusesADictionaryThatIsNone) {
  const std::pair<std::string, std::string> cases[] = {
      {"a,b\n", ":1: found no column \"Variable / Field Name\""},
      {std::string(kDictionary) + "x,base,,radio,,1 Female,,,\n", ":9: field x: found choices"},
      {std::string(kDictionary) + "sex,base,,text,,,,,\n",
       ":9: field \"sex\": expected a name that stands once"},
      {std::string(kDictionary) + "y,base\n", ":9: found 2 fields, expected 9"}};
  for (const auto& [bytes, message] : cases) {
    const auto loaded = RedcapDictionary::Load(folder_.Write("x.csv", bytes));
    ASSERT_FALSE(loaded.has_value()) << message;
    EXPECT_NE(loaded.error().message.find(message), std::string::npos) << loaded.error().message;
  }
}

}  // namespace
}  // namespace clinnova::intake
