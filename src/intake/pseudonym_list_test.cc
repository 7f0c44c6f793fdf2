// SPDX-License-Identifier: Apache-2.0
#include "intake/pseudonym_list.h"

#include <gtest/gtest.h>

#include "intake/record_keeper.h"

namespace clinnova::intake {
namespace {

namespace fs = std::filesystem;

class PseudonymListTest : public testing::Test {
 protected:
  std::string Write(std::string_view text) {
    const fs::path path = folder_.Write("list.csv", text);
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    return path.string();
  }
  PseudonymList MustLoad(std::string_view text) {
    auto list = PseudonymList::Load(Write(text));
    EXPECT_TRUE(list.has_value()) << list.error().message;
    return list ? std::move(*list) : PseudonymList();
  }
  /// What follows the file's name in the error.
  std::string Refused(std::string_view text) {
    const auto list = PseudonymList::Load(Write(text));
    EXPECT_FALSE(list.has_value()) << text;
    if (list) return {};
    EXPECT_EQ(list.error().code, ErrorCode::kInvalidInput) << list.error().message;
    const std::string file = (folder_.path() / "list.csv").string() + ": ";
    EXPECT_TRUE(list.error().message.starts_with(file)) << list.error().message;
    return list.error().message.substr(file.size());
  }

  TestFolder folder_;
};

TEST_F(PseudonymListTest, FindsAPseudonymBySystemAndIdentifier) {
  for (const char* text : {
           "identifier,pseudonym\n4711,A1\n0815,B2\n",
           "\xEF\xBB\xBFPseudonym;Identifier\r\n A1 ; 4711 \r\n\r\nB2;0815",
           "\"identifier\"\t\"pseudonym\"\n\"4711\"\t\"A1\"\n4711\tA1\n0815\tB2\n",
       }) {
    const PseudonymList list = MustLoad(text);
    ASSERT_NE(list.Find("", "4711"), nullptr) << text;
    EXPECT_EQ(list.Find("", "4711")->pseudonym, "A1");
    EXPECT_EQ(list.Find("", "0815")->pseudonym, "B2");
    EXPECT_EQ(list.Find("", "471"), nullptr);
    EXPECT_EQ(list.Find("mrn", "4711"), nullptr);
    EXPECT_EQ(list.entries().size(), 2u);
  }
  const PseudonymList list = MustLoad(
      "identifier,system,pseudonym\n4711,urn:mrn,A1\n4711,urn:lab,B2\n99,urn:lab,A1\npat-3,,C3\n");
  EXPECT_EQ(list.Find("urn:mrn", "4711")->pseudonym, "A1");
  EXPECT_EQ(list.Find("urn:lab", "4711")->pseudonym, "B2")
      << "another patient's, in the laboratory";
  EXPECT_EQ(list.Find("urn:lab", "99")->pseudonym, "A1") << "a patient whom two systems know";
  EXPECT_EQ(list.Find("urn:lab", "99")->line, 4u);
  EXPECT_EQ(list.Find("", "pat-3")->pseudonym, "C3");
  EXPECT_EQ(list.Find("", "4711"), nullptr);
}

TEST_F(PseudonymListTest, SaysWhichLineIsWrong) {
  const std::string columns =
      "expected identifier, pseudonym and, where identifiers are of several systems, system";
  const std::pair<std::string, std::string> cases[] = {
      {"", "found no row, " + columns},
      {"identifier,pseudonym\n", "found no row, expected at least one patient"},
      {"4711,A1\n0815,B2\n", "line 1: found an unknown column, the 1. of 2, " + columns},
      {"identifier,pseudonym,name\n1,2,Anna\n",
       "line 1: found an unknown column, the 3. of 3, " + columns},
      {"identifier,system\n1,2\n", "line 1: found no column pseudonym, " + columns},
      {"pseudonym\n1\n", "line 1: found no column identifier, " + columns},
      {"identifier,pseudonym,pseudonym\n1,2,3\n",
       "line 1: found column pseudonym twice, " + columns},
      {"identifier,pseudonym\n4711,A1\n0815,\n", "line 3: found no pseudonym"},
      {"identifier,pseudonym\n4711,A1\n ,B2\n", "line 3: found no identifier"},
      {"identifier,pseudonym\n4711,A1\n0815\n", "line 3: found 1 fields, expected 2"},
      {"identifier,pseudonym\n4711,A1\n\n4711,B2\n",
       "lines 2 and 4 give one identifier two pseudonyms"},
      {"identifier,pseudonym\n4711,A1\n0815,A1\n",
       "lines 2 and 3 give two identifiers one pseudonym"},
      {"identifier,system,pseudonym\n4711,m,A1\n0815,m,A1\n",
       "lines 2 and 3 give two identifiers one pseudonym"},
      {"identifier,pseudonym\n4711,A1\nB2,4711\n",
       "line 3: the pseudonym is the identifier of line 2: are the columns exchanged?"},
      {"identifier,pseudonym\n4711,4711\n",
       "line 2: the pseudonym is the identifier of line 2: are the columns exchanged?"},
      {"identifier,pseudonym\n4711," + std::string(51, 'x') + "\n",
       "line 2: pseudonym: found 51 characters, expected at most 50"},
      {"identifier,pseudonym\n4711,M\xFCller\n", "line 2: found bytes that are no UTF-8"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(Refused(text), expected) << text;
  EXPECT_TRUE(Refused("identifier,pseudonym\n4711,\"A1\n").starts_with("line 2: "));
  MustLoad("identifier,pseudonym\n4711," + std::string(25, 'x') + "\xC3\xA4" +
           std::string(24, 'x'));
}

TEST_F(PseudonymListTest, IsForItsOwnerAlone) {
  const fs::path path = folder_.Write("open.csv", "identifier,pseudonym\n4711,A1\n");
  fs::permissions(path, fs::perms::owner_read | fs::perms::group_read);
  const auto open = PseudonymList::Load(path.string());
  ASSERT_FALSE(open.has_value());
  EXPECT_NE(open.error().message.find("expected mode 0600"), std::string::npos);
  EXPECT_FALSE(PseudonymList::Load((folder_.path() / "none.csv").string()).has_value());
  EXPECT_FALSE(PseudonymList::Load(folder_.path().string()).has_value());
}

}  // namespace
}  // namespace clinnova::intake
