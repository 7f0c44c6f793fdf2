// SPDX-License-Identifier: Apache-2.0
#include "cohort/catalog_settings.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "cohort/catalog_fixture.h"

namespace clinnova::cohort {
namespace {

Result<CatalogSettings> Read(const std::string& text) {
  const auto file = std::filesystem::temp_directory_path() /
                    ("clinnova_catalog_" + std::to_string(::getpid()) + ".toml");
  std::ofstream(file, std::ios::binary) << text;
  auto settings = ReadCatalogSettings(file.string());
  std::filesystem::remove(file);
  return settings;
}

std::string With(const std::string& from, const std::string& to) {
  std::string text = kCatalogToml;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(CatalogSettings, ReadWhatTheFileSays) {
  const auto settings = Read(kCatalogToml);
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->title, "Rheumatology, \"Basel\"");
  EXPECT_EQ(settings->access_rights, "NON_PUBLIC");
  EXPECT_EQ(settings->type, "STATISTICAL");
  EXPECT_EQ(settings->categories, (std::vector<std::string>{"EHRS", "RQSH"}));
  EXPECT_EQ(settings->retention_to, "2045-12-31");
  EXPECT_EQ(settings->publisher.type, "healthcare-providers");
  EXPECT_EQ(settings->access_body.contact.page, "https://hdab.example/");
  EXPECT_EQ(settings->legal_basis, "Informed consent");
}

TEST(CatalogSettings, NameWhatIsMissing) {
  const std::pair<const char*, const char*> cases[] = {
      {"title = \"Rheumatology, \\\"Basel\\\"\"\n", ":1: dataset.title: found nothing"},
      {"description = \"Routine care\\nand eCRF\"\n", "dataset.description: found nothing"},
      {"identifier = \"https://data.hospital.example/ra\"\n", "dataset.identifier: found nothing"},
      {"access_url = \"https://data.hospital.example/ask\"\n", "dataset.access_url: found nothing"},
      {"provenance = \"From the hospital's records\"\n", "dataset.provenance: found nothing"},
      {"legislation = [\"http://data.europa.eu/eli/reg/2025/327/oj\"]\n",
       "dataset.legislation: found nothing"},
      {"categories = [\"EHRS\", \"RQSH\"]\n", "dataset.categories: found nothing, expected a list"},
      {"keywords = [\"rheumatoid arthritis\", \"biologics\"]\n", "dataset.keywords: found nothing"},
      {"name = \"Hospital of Basel\"\n", "publisher.name: found nothing"},
      {"[access_body]\nname = \"Health Data Access Body\"\npage = \"https://hdab.example/\"\n",
       "access_body: found nothing, expected the section [access_body]"},
      {"page = \"https://hdab.example/\"\n", "access_body.email: found nothing"}};
  for (const auto& [line, words] : cases) {
    const auto settings = Read(With(line, ""));
    ASSERT_FALSE(settings) << line;
    EXPECT_EQ(settings.error().code, ErrorCode::kInvalidInput);
    EXPECT_NE(settings.error().message.find(words), std::string::npos) << settings.error().message;
  }
}

TEST(CatalogSettings, NameWhatIsWrong) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"keywords =", "keyword =", "dataset.keywords: found nothing"},
      {"themes =", "theme =", "dataset.theme: unknown key"},
      {"\"EHRS\"", "\"EHR\"", "dataset.categories: found \"EHR\", expected one of DIOH, "},
      {"\"NONCOMMUNICABLE_DISEASES\"", "\"RA\"", "dataset.themes: found \"RA\", expected one of "},
      {"\"DEU\"", "\"de\"", "dataset.languages: found \"de\", expected a language"},
      {"https://data.hospital.example/ra", "data of ours",
       "dataset.identifier: found \"data of ours\""},
      {"https://data.hospital.example/ask", "https://h.example/<x>", "dataset.access_url: found"},
      {"retention_to = 2045-12-31", "retention_to = \"2019-12-31\"",
       "retention_to: found 2019-12-31"},
      {"retention_to = 2045-12-31", "retention_to = \"2045-02-30\"", "expected a day"},
      {"\"data@hospital.example\"", "\"data at hospital\"", "publisher.email: found"},
      {"[dataset]", "[dataset]\naccess_rights = \"SECRET\"", "expected one of NON_PUBLIC, "},
      {"[legal_basis]\ndescription = \"Informed consent\"", "[legal_basis]",
       "legal_basis.description: found nothing"},
      {"[contact]", "[contakt]", "contact: found nothing"},
      {"[publisher]", "[publisher", "clinnova_catalog_"}};
  for (const auto& [from, to, words] : cases) {
    const auto settings = Read(With(from, to));
    ASSERT_FALSE(settings) << from;
    EXPECT_NE(settings.error().message.find(words), std::string::npos) << settings.error().message;
    EXPECT_EQ(settings.error().message.find('\n'), std::string::npos);
  }
  const auto none = ReadCatalogSettings("/nowhere/catalog.toml");
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("/nowhere/catalog.toml: no such file"), std::string::npos);
}

}  // namespace
}  // namespace clinnova::cohort
