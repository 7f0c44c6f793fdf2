// SPDX-License-Identifier: Apache-2.0
// FHIRPath and views over NDJSON files: `fhirpath_bench EXPRESSIONS VIEWS ROWS REPEATS FILE…`, one line of JSON as
// fhirpath.mjs gives it; the rows of the views in the folder VIEWS go to the file ROWS.
#include <sodium.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include "intake/fhirpath.h"
#include "intake/view_output.h"

namespace {

using namespace clinnova;

/// Processor time of this process: the machine may have other work.
double Seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

template <typename T>
T Take(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

std::string Read(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

using Expressions = std::map<std::string, std::vector<intake::FhirPath>, std::less<>>;

/// As JSON.stringify writes fhirpath.js' answers: the values alone.
std::string ValuesJson(intake::fhirpath::Items items) {
  std::string text = "[";
  for (const auto& item : items) {
    if (text.size() > 1) text += ',';
    intake::fhirpath::AppendValueJson(item, text);
  }
  return text + "]\n";
}

std::size_t Evaluate(const Expressions& expressions,
                     const std::vector<intake::JsonDocument>& resources,
                     crypto_hash_sha256_state* hash) {
  std::size_t count = 0;
  const intake::FhirPath::Options options;
  intake::Arena memory;
  const intake::Arena::Mark empty = memory.Here();
  for (const intake::JsonDocument& document : resources) {
    const intake::JsonTree& resource = document.root();
    const auto found = expressions.find(resource.Text("resourceType"));
    if (found == expressions.end()) continue;
    const intake::fhirpath::Item root = intake::FhirPath::Root(resource);
    for (const auto& path : found->second) {
      memory.Rewind(empty);
      const auto answer = Take(path.Evaluate(options, root, memory));
      ++count;
      if (hash == nullptr) continue;
      const std::string text = ValuesJson(answer);
      crypto_hash_sha256_update(hash, reinterpret_cast<const unsigned char*>(text.data()),
                                text.size());
    }
  }
  return count;
}

std::vector<intake::ViewDefinition> Views(const char* folder) {
  std::set<std::filesystem::path> files;  // in the order of their names
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.insert(entry.path());
  std::vector<intake::ViewDefinition> views;
  for (const auto& file : files) {
    views.push_back(Take(intake::ViewDefinition::Parse(Take(intake::ReadJsonFile(file)).root())));
  }
  return views;
}

void WriteRows(const intake::ViewDefinition& view,
               const std::vector<intake::JsonDocument>& resources, std::ofstream& out) {
  const auto writer = Take(intake::ViewWriter::Create(
      {.columns = view.columns(), .text = [&](std::string_view line) -> Result<void> {
         out << line;
         return {};
       }}));
  for (const intake::JsonDocument& resource : resources) {
    intake::Arena memory;
    for (const intake::ViewRow& row : Take(view.Rows(resource.root(), memory))) {
      Take(writer->Add(row));
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) return 2;
  Expressions expressions;
  std::istringstream table(Read(argv[1]));
  for (std::string line; std::getline(table, line);) {
    const std::string type = line.substr(0, line.find('\t'));
    expressions[type].push_back(Take(intake::FhirPath::Parse(line.substr(type.size() + 1), type)));
  }
  std::vector<std::string> lines;
  for (int i = 5; i < argc; ++i) {
    std::istringstream text(Read(argv[i]));
    for (std::string line; std::getline(text, line);) lines.push_back(line);
  }
  double started = Seconds();
  std::vector<intake::JsonDocument> resources;
  for (const std::string& line : lines) {
    auto resource = intake::ParseJsonTree(line);
    if (resource) resources.push_back(std::move(*resource));  // a planted defect is no JSON
  }
  const double parse = Seconds() - started;
  crypto_hash_sha256_state hash;
  crypto_hash_sha256_init(&hash);
  const std::size_t count = Evaluate(expressions, resources, &hash);
  unsigned char digest[crypto_hash_sha256_BYTES];
  crypto_hash_sha256_final(&hash, digest);
  char hex[2 * sizeof digest + 1];
  sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
  const int repeats = std::atoi(argv[4]);
  started = Seconds();
  for (int i = 0; i < repeats; ++i) Evaluate(expressions, resources, nullptr);
  const double evaluation = (Seconds() - started) / repeats;
  const std::vector<intake::ViewDefinition> views = Views(argv[2]);
  std::ofstream rows(argv[3], std::ios::binary);
  for (const auto& view : views) WriteRows(view, resources, rows);
  intake::Arena memory;
  const intake::Arena::Mark empty = memory.Here();
  started = Seconds();
  for (int i = 0; i < repeats; ++i) {
    for (const intake::JsonDocument& resource : resources) {
      for (const auto& view : views) {
        memory.Rewind(empty);
        Take(view.Rows(resource.root(), memory));
      }
    }
  }
  std::printf(
      "{\"count\": %zu, \"answers\": \"%s\", \"parse\": %.6f, \"evaluation\": %.6f, \"views\": "
      "%.6f}\n",
      count, hex, parse, evaluation, (Seconds() - started) / repeats);
  return 0;
}
