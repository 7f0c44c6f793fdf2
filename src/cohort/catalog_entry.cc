// SPDX-License-Identifier: Apache-2.0
#include "cohort/catalog_entry.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace clinnova::cohort {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::pair<const char*, const char*> kPrefixes[] = {
    {"csvw", "http://www.w3.org/ns/csvw#"},
    {"cv", "http://data.europa.eu/m8g/"},
    {"dcat", "http://www.w3.org/ns/dcat#"},
    {"dcatap", "http://data.europa.eu/r5r/"},
    {"dct", "http://purl.org/dc/terms/"},
    {"dpv", "https://w3id.org/dpv#"},
    {"dqv", "http://www.w3.org/ns/dqv#"},
    {"foaf", "http://xmlns.com/foaf/0.1/"},
    {"healthdcatap", "http://healthdataportal.eu/ns/health#"},
    {"rdfs", "http://www.w3.org/2000/01/rdf-schema#"},
    {"skos", "http://www.w3.org/2004/02/skos/core#"},
    {"vcard", "http://www.w3.org/2006/vcard/ns#"},
    {"xsd", "http://www.w3.org/2001/XMLSchema#"}};

const std::string kHealthVocabulary = "https://hdeu-dcat.data.health.europa.eu/resource/authority/";
const std::string kEuVocabulary = "http://publications.europa.eu/resource/authority/";
constexpr const char* kCompleteness = "_:completeness";

/// OMOP's vocabularies in the words of the profile's vocabulary coding-system.
constexpr std::pair<std::string_view, const char*> kCodingSystems[] = {
    {"ATC", "ATC"},
    {"ICD10", "ICD-10"},
    {"ICD10CM", "ICD-10-NAT"},
    {"ICD10GM", "ICD-10-NAT"},
    {"ICD10CN", "ICD-10-NAT"},
    {"ICDO3", "ICD-O"},
    {"ICD9CM", "ICD-9-CM"},
    {"LOINC", "LOINC"},
    {"MedDRA", "MEDDRA"},
    {"MeSH", "MESH"},
    {"OPS", "OPS"},
    {"RxNorm", "RXNORM"},
    {"RxNorm Extension", "RXNORM"},
    {"SNOMED", "SNOMED-CT"},
    {"UCUM", "UCUM"}};

Json Iri(const std::string& iri) { return {{"@id", iri}}; }
Json Iris(const std::string& base, const std::vector<std::string>& words) {
  Json list = Json::array();
  for (const std::string& word : words) list.push_back(Iri(base + word));
  return list;
}
Json Typed(const std::string& value, const char* type) {
  return {{"@type", std::string("xsd:") + type}, {"@value", value}};
}
Json Count(std::int64_t count) { return Typed(std::to_string(count), "nonNegativeInteger"); }

Json Period(const std::string& from, const std::string& to) {
  Json period = {{"@type", "dct:PeriodOfTime"}};
  if (!from.empty()) period["dcat:startDate"] = Typed(from, "date");
  if (!to.empty()) period["dcat:endDate"] = Typed(to, "date");
  return period;
}

Json Agent(const CatalogAgent& agent) {
  Json contact = {{"@type", "cv:ContactPoint"}};
  if (!agent.contact.email.empty()) contact["cv:email"] = agent.contact.email;
  if (!agent.contact.page.empty()) contact["cv:contactPage"] = Iri(agent.contact.page);
  Json out = {{"@type", "foaf:Agent"}, {"foaf:name", agent.name}};
  if (!agent.type.empty())
    out["dct:type"] = Iri(kHealthVocabulary + "publisher-type/" + agent.type);
  out["cv:contactPoint"] = std::move(contact);
  return out;
}

Json Contact(const CatalogContact& contact) {
  Json out = {{"@type", "vcard:Kind"}};
  if (!contact.email.empty()) out["vcard:hasEmail"] = Iri("mailto:" + contact.email);
  if (!contact.page.empty()) out["vcard:hasURL"] = Iri(contact.page);
  return out;
}

Json Distribution(const CatalogSettings& settings) {
  return {{"@type", "dcat:Distribution"},
          {"dct:title", settings.title},
          {"dct:description",
           "Access is asked for at the address given; studies run at the site, and only sums over "
           "several sites leave it."},
          {"dcat:accessURL", Iri(settings.access_url)},
          {"dcatap:applicableLegislation", Iris("", settings.legislation)},
          {"dct:conformsTo",
           {{"@id", "https://ohdsi.github.io/CommonDataModel/cdm54.html"},
            {"@type", "dct:Standard"},
            {"dct:title", "OMOP Common Data Model 5.4"}}}};
}

/// "condition_start_date" -> "Condition start date".
std::string Words(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 32);
  return name;
}

/// The CDM's word for a type in those of CSVW.
const char* DataType(const std::string& type) {
  if (type == "integer") return "integer";
  if (type == "float") return "double";
  if (type == "date") return "date";
  if (type == "datetime") return "dateTime";
  return "string";
}

Json Column(const CatalogTable& table, const CatalogColumn& column) {
  std::string text = table.name + "." + column.name + " of the OMOP CDM 5.4, " + column.type +
                     (column.required ? ", required" : "");
  if (column.complete_percent)
    text += "; " + std::to_string(*column.complete_percent) + " % of the records have a value";
  Json out = {{"@type", "csvw:Column"},
              {"csvw:name", column.name},
              {"csvw:title", Words(column.name)},
              {"csvw:datatype", DataType(column.type)},
              {"dct:description", text}};
  if (column.complete_percent) {
    out["dqv:hasQualityMeasurement"] = {
        {"@type", "dqv:QualityMeasurement"},
        {"dqv:isMeasurementOf", Iri(kCompleteness)},
        {"dqv:value", Typed(std::to_string(*column.complete_percent), "integer")}};
  }
  return out;
}

Json Variables(const CatalogNumbers& numbers) {
  Json tables = Json::array();
  for (const CatalogTable& table : numbers.tables) {
    Json columns = Json::array();
    for (const CatalogColumn& column : table.columns) columns.push_back(Column(table, column));
    Json one = {{"@type", "csvw:Table"}, {"dct:title", table.name}};
    if (table.records) {
      one["dct:description"] = "At least " + std::to_string(*table.records) +
                               " records of at least " + std::to_string(*table.persons) +
                               " persons";
    }
    one["csvw:column"] = std::move(columns);
    tables.push_back(std::move(one));
  }
  return {{"@type", "csvw:TableGroup"},
          {"dct:title", "Tables and fields of the OMOP Common Data Model 5.4"},
          {"csvw:table", std::move(tables)}};
}

std::string Rounding(const CatalogNumbers& numbers) {
  if (numbers.step == 1) return "Numbers are exact: the data are public.";
  const std::string n = std::to_string(numbers.step);
  return "Counts are of persons whose consent lets studies see them, and of their records, rounded "
         "down to a multiple of " +
         n + "; what concerns fewer than " + n + " persons is left out.";
}

Json Population(const CatalogSettings& settings, const CatalogNumbers& numbers) {
  Json texts = Json::array();
  if (!settings.population.empty()) texts.push_back(settings.population);
  for (const auto& [title, persons] : numbers.diseases)
    texts.push_back(title + ": at least " + std::to_string(persons) + " persons");
  return texts;
}

Json CodingSystems(const CatalogNumbers& numbers) {
  std::set<std::string> words = {"OHDSI-VOCAB"};
  for (const auto& [vocabulary, word] : kCodingSystems) {
    if (std::find(numbers.vocabularies.begin(), numbers.vocabularies.end(), vocabulary) !=
        numbers.vocabularies.end()) {
      words.insert(word);
    }
  }
  return Iris(kHealthVocabulary + "coding-system/", {words.begin(), words.end()});
}

void AddNumbers(const CatalogNumbers& numbers, Json& dataset) {
  if (numbers.persons) dataset["healthdcatap:numberOfUniqueIndividuals"] = Count(*numbers.persons);
  if (numbers.records) dataset["healthdcatap:numberOfRecords"] = Count(*numbers.records);
  if (numbers.minimum_age) dataset["healthdcatap:minTypicalAge"] = Count(*numbers.minimum_age);
  if (numbers.maximum_age) dataset["healthdcatap:maxTypicalAge"] = Count(*numbers.maximum_age);
  if (numbers.first_year) {
    dataset["dct:temporal"] = Period(std::to_string(*numbers.first_year) + "-01-01",
                                     std::to_string(*numbers.last_year) + "-12-31");
  }
  if (!numbers.modified.empty()) dataset["dct:modified"] = Typed(numbers.modified, "date");
}

void AddOptional(const CatalogSettings& settings, Json& dataset) {
  if (!settings.themes.empty()) {
    dataset["healthdcatap:healthTheme"] =
        Iris(kHealthVocabulary + "health-theme/", settings.themes);
  }
  if (!settings.languages.empty())
    dataset["dct:language"] = Iris(kEuVocabulary + "language/", settings.languages);
  if (!settings.countries.empty())
    dataset["dct:spatial"] = Iris(kEuVocabulary + "country/", settings.countries);
  for (const std::string& purpose : settings.purposes) {
    dataset["dpv:hasPurpose"].push_back({{"@type", "dpv:Purpose"}, {"dct:description", purpose}});
  }
  if (!settings.legal_basis.empty()) {
    Json basis = {{"@type", "dpv:LegalBasis"}, {"dct:description", settings.legal_basis}};
    if (!settings.legal_basis_source.empty())
      basis["dct:source"] = Iri(settings.legal_basis_source);
    dataset["dpv:hasLegalBasis"] = std::move(basis);
  }
  if (!settings.retention_from.empty() || !settings.retention_to.empty()) {
    dataset["healthdcatap:retentionPeriod"] =
        Period(settings.retention_from, settings.retention_to);
  }
}

}  // namespace

Json CatalogEntry(const CatalogSettings& settings, const CatalogNumbers& numbers) {
  Json dataset = {
      {"@id", settings.identifier},
      {"@type", "dcat:Dataset"},
      {"dct:title", settings.title},
      {"dct:description", Json::array({settings.description, Rounding(numbers)})},
      {"dct:identifier", settings.identifier},
      {"dct:accessRights", Iri(kEuVocabulary + "access-right/" + settings.access_rights)},
      {"dcatap:applicableLegislation", Iris("", settings.legislation)},
      {"dct:type", Iri(kEuVocabulary + "dataset-type/" + settings.type)},
      {"dcat:theme", Iri(kEuVocabulary + "data-theme/HEAL")},
      {"dcat:keyword", settings.keywords},
      {"dct:provenance",
       {{"@type", "dct:ProvenanceStatement"}, {"rdfs:label", settings.provenance}}},
      {"dct:publisher", Agent(settings.publisher)},
      {"healthdcatap:hdab", Agent(settings.access_body)},
      {"dcat:contactPoint", Contact(settings.contact)},
      {"dcat:distribution", Distribution(settings)},
      {"dct:conformsTo", Iri(kHealthVocabulary + "standard/OMOP-CDM")},
      {"healthdcatap:healthCategory",
       Iris(kHealthVocabulary + "healthcategories/", settings.categories)},
      {"healthdcatap:hasCodingSystem", CodingSystems(numbers)}};
  AddOptional(settings, dataset);
  AddNumbers(numbers, dataset);
  if (Json population = Population(settings, numbers); !population.empty())
    dataset["healthdcatap:populationCoverage"] = std::move(population);
  dataset["healthdcatap:hasStructuredData"] = true;
  dataset["healthdcatap:hasVariables"] = Variables(numbers);
  Json context = Json::object();
  for (const auto& [prefix, iri] : kPrefixes) context[prefix] = iri;
  const Json metric = {
      {"@id", kCompleteness},
      {"@type", "dqv:Metric"},
      {"skos:definition",
       "Records of the table that have a value in the field, in per cent, rounded down; concept 0 "
       "is none."},
      {"dqv:expectedDataType", Iri("http://www.w3.org/2001/XMLSchema#integer")}};
  return {{"@context", std::move(context)}, {"@graph", Json::array({std::move(dataset), metric})}};
}

}  // namespace clinnova::cohort
