// SPDX-License-Identifier: Apache-2.0
#include "cohort/catalog_settings.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>

#include "cohort/toml_section.h"
#include "core/toml_json.h"
#include "core/utc_time.h"

namespace clinnova::cohort {
namespace {

// Article 51(1) of Regulation (EU) 2025/327 as the vocabulary healthcategories has it.
constexpr std::string_view kCategories[] = {"DIOH", "EHCT", "EHRS", "EINS", "EMRD", "HGPD",
                                            "HPML", "HRAD", "IDHP", "MRMR", "NRPE", "PGEH",
                                            "PHDR", "RMMD", "RPDG", "RQSH", "WELA"};

// The vocabulary health-theme.
constexpr std::string_view kThemes[] = {
    "ANTIMICROBIAL_CONTROL", "BLOOD_INFECTIONS",   "CANCER_DISEASE",
    "CLIMATE_HEALTH",        "EMERGENCY_SETTINGS", "ENTERIC_INFECTIONS",
    "ENVIRONMENTAL_HEALTH",  "HEALTH_PRODUCTS",    "HEALTH_SYSTEMS",
    "IMMUNIZATION_DISEASES", "INJURY_PREVENTION",  "LIFECOURSE_HEALTH",
    "MENTAL_HEALTH",         "TROPICAL_DISEASES",  "NONCOMMUNICABLE_DISEASES",
    "NUTRITION_SECURITY",    "SENSORY_HEALTH",     "RESPIRATORY_DISEASES",
    "REPRODUCTIVE_HEALTH",   "VECTOR_DISEASES"};

constexpr std::string_view kIri = "an address such as https://www.hospital.example/data";

/// An absolute IRI as Turtle may write it between < and >.
bool IsIri(std::string_view text) {
  const std::size_t scheme = text.find("://");
  return scheme != text.npos && scheme > 0 && scheme + 3 < text.size() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return c > ' ' && c != 127 &&
                  std::string_view("<>\"{}|^`\\").find(static_cast<char>(c)) ==
                      std::string_view::npos;
         });
}

bool IsEmail(std::string_view text) {
  const std::size_t at = text.find('@');
  return at != text.npos && at > 0 && at + 1 < text.size() && text.find('@', at + 1) == text.npos &&
         IsIri("mailto://" + std::string(text));
}

bool IsCountry(std::string_view text) {
  return text.size() == 3 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool IsWord(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

template <std::size_t N>
bool IsOneOf(const std::string_view (&words)[N], std::string_view text) {
  return std::find(std::begin(words), std::end(words), text) != std::end(words);
}

template <std::size_t N>
std::string Listed(const std::string_view (&words)[N]) {
  std::string list = "one of ";
  for (std::size_t i = 0; i < N; ++i) list += (i == 0 ? "" : ", ") + std::string(words[i]);
  return list;
}

using Check = std::function<bool(const std::string&)>;

/// One section, its texts checked one by one.
class Reader {
 public:
  explicit Reader(TomlSection section) : section_(std::move(section)) {}

  std::string Text(const std::string& key) { return section_.Text(key); }
  std::string Required(const std::string& key) { return section_.RequiredText(key); }
  std::string Checked(const std::string& key, std::string text, const Check& good,
                      const std::string& expected) {
    if (!text.empty() && !good(text))
      section_.Wrong(key, "found \"" + text + "\", expected " + expected);
    return text;
  }
  std::vector<std::string> List(const std::string& key, const Check& good,
                                const std::string& expected) {
    std::vector<std::string> list = section_.Texts(key);
    for (const std::string& text : list) {
      if (text.empty() || !good(text))
        section_.Wrong(key, "found \"" + text + "\", expected " + expected);
    }
    return list;
  }
  std::vector<std::string> RequiredList(const std::string& key, const Check& good,
                                        const std::string& expected) {
    std::vector<std::string> list = List(key, good, expected);
    if (list.empty()) section_.Wrong(key, "found nothing, expected a list of " + expected);
    return list;
  }
  CatalogContact Contact() {
    CatalogContact contact;
    contact.email = Checked("email", Text("email"), IsEmail, "an e-mail address");
    contact.page = Checked("page", Text("page"), IsIri, std::string(kIri));
    if (contact.email.empty() && contact.page.empty())
      section_.Wrong("email", "found nothing, expected an e-mail address here or a page");
    return contact;
  }
  CatalogAgent Agent() {
    CatalogAgent agent;
    agent.name = Required("name");
    agent.type = Checked("type", Text("type"), IsWord, "a word such as healthcare-providers");
    agent.contact = Contact();
    return agent;
  }
  TomlSection& section() { return section_; }

 private:
  TomlSection section_;
};

void ReadDataset(Reader& reader, CatalogSettings& settings) {
  static constexpr std::string_view kRights[] = {"NON_PUBLIC", "RESTRICTED", "PUBLIC"};
  const Check any = [](const std::string&) { return true; };
  const std::string iri(kIri);
  settings.title = reader.Required("title");
  settings.description = reader.Required("description");
  settings.identifier = reader.Checked("identifier", reader.Required("identifier"), IsIri, iri);
  settings.access_rights = reader.Text("access_rights");
  if (settings.access_rights.empty()) settings.access_rights = "NON_PUBLIC";
  reader.Checked(
      "access_rights", settings.access_rights,
      [](const std::string& text) { return IsOneOf(kRights, text); }, Listed(kRights));
  settings.access_url = reader.Checked("access_url", reader.Required("access_url"), IsIri, iri);
  settings.type = reader.Checked("type", reader.Text("type"), IsWord, "a word such as STATISTICAL");
  if (settings.type.empty()) settings.type = "STATISTICAL";
  settings.provenance = reader.Required("provenance");
  settings.population = reader.Text("population");
  settings.legislation = reader.RequiredList("legislation", IsIri, iri);
  settings.categories = reader.RequiredList(
      "categories", [](const std::string& text) { return IsOneOf(kCategories, text); },
      Listed(kCategories));
  settings.themes = reader.List(
      "themes", [](const std::string& text) { return IsOneOf(kThemes, text); }, Listed(kThemes));
  settings.keywords = reader.RequiredList("keywords", any, "texts");
  settings.languages =
      reader.List("languages", IsCountry, "a language of three letters, such as DEU");
  settings.countries =
      reader.List("countries", IsCountry, "a country of three letters, such as LUX");
  settings.purposes = reader.List("purposes", any, "a text");
  settings.retention_from = reader.Checked("retention_from", reader.Text("retention_from"),
                                           core::IsDay, "a day such as 2027-03-31");
  settings.retention_to = reader.Checked("retention_to", reader.Text("retention_to"), core::IsDay,
                                         "a day such as 2027-03-31");
  if (!settings.retention_from.empty() && !settings.retention_to.empty() &&
      settings.retention_to < settings.retention_from) {
    reader.section().Wrong(
        "retention_to", "found " + settings.retention_to + ", expected a day after retention_from");
  }
}

Result<std::string> TextOf(const std::string& file) {
  std::error_code none;
  if (!std::filesystem::exists(file, none)) {
    return Fail(ErrorCode::kInvalidInput,
                file +
                    ": no such file, expected what the catalogue says of this site's dataset "
                    "(docs/catalogue.md)");
  }
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) return Fail(ErrorCode::kInvalidInput, file + ": cannot be read");
  return text;
}

}  // namespace

Result<CatalogSettings> ReadCatalogSettings(const std::string& file) {
  CLINNOVA_ASSIGN(const std::string text, TextOf(file));
  TomlDocument document{.file = file, .lines = {}, .error = {}};
  CLINNOVA_ASSIGN(const nlohmann::json json, core::TomlToJson(text, file, document.lines));
  TomlSection root(document, json, "");
  CatalogSettings settings;
  const auto section = [&](const std::string& name, bool required, const auto& read) {
    auto found = root.Section(name);
    if (!found) {
      if (required) root.Wrong(name, "found nothing, expected the section [" + name + "]");
      return;
    }
    Reader reader(std::move(*found));
    read(reader);
    reader.section().NoOtherKeys();
  };
  section("dataset", true, [&](Reader& reader) { ReadDataset(reader, settings); });
  section("publisher", true, [&](Reader& reader) { settings.publisher = reader.Agent(); });
  section("access_body", true, [&](Reader& reader) { settings.access_body = reader.Agent(); });
  section("contact", true, [&](Reader& reader) { settings.contact = reader.Contact(); });
  section("legal_basis", false, [&](Reader& reader) {
    settings.legal_basis = reader.Required("description");
    settings.legal_basis_source =
        reader.Checked("source", reader.Text("source"), IsIri, std::string(kIri));
  });
  root.NoOtherKeys();
  if (document.error) return tl::unexpected<Error>(*document.error);
  return settings;
}

}  // namespace clinnova::cohort
