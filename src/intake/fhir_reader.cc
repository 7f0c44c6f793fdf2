// SPDX-License-Identifier: Apache-2.0
#include "intake/fhir_reader.h"

#include <simdjson.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <vector>

#include "intake/batch_thread.h"
#include "intake/fhir_elements.h"
#include "intake/fhir_patterns.h"
#include "intake/fhir_resources.h"

namespace clinnova::intake {
namespace {

using simdjson::dom::element;

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

/// `text` without the byte order mark that some systems write.
std::string_view AfterMark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  return text;
}

/// The same with room for simdjson to read ahead.
simdjson::padded_string WithoutMark(std::string_view text) {
  return simdjson::padded_string(AfterMark(text));
}

/// Where a text that is no JSON goes wrong, as far as brackets and quotes tell.
struct JsonEnd {
  bool open = false;      ///< the text ends inside something that was begun
  std::size_t entry = 0;  ///< of the bundle, from 0; the last that was begun
  bool in_entry = false;
};

JsonEnd FindEnd(std::string_view text) {
  JsonEnd end;
  int depth = 0;
  bool in_string = false;
  bool escaped = false;
  for (const char c : text) {
    if (in_string) {
      if (escaped)
        escaped = false;
      else if (c == '\\')
        escaped = true;
      else if (c == '"')
        in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '{' || c == '[') {
      ++depth;
      // Bundle { entry [ {: the third level begins an entry.
      if (depth == 3 && c == '{') {
        if (end.in_entry) ++end.entry;
        end.in_entry = true;
      }
    }
    if (c == '}' || c == ']') --depth;
  }
  end.open = depth > 0 || in_string;
  return end;
}

tl::unexpected<Error> BrokenJson(const std::string& where, std::string_view text,
                                 const std::string& reason) {
  const JsonEnd end = FindEnd(text);
  if (!end.open) return Fail(ErrorCode::kInvalidInput, where + ": not JSON: " + reason);
  std::string message = where + ": ends too early, after byte " + std::to_string(text.size());
  if (end.in_entry) message += ", inside entry " + std::to_string(end.entry + 1);
  return Fail(ErrorCode::kInvalidInput, message + ": nothing was loaded", "truncated");
}

/// memmem: four times as fast as std::search with a searcher, and every file is searched as a whole.
std::string_view From(std::string_view text, std::string_view wanted) {
  const void* found = ::memmem(text.data(), text.size(), wanted.data(), wanted.size());
  return found == nullptr
             ? std::string_view()
             : text.substr(static_cast<std::size_t>(static_cast<const char*>(found) - text.data()));
}

/// Whether the text names the resource type Medication, Device or DeviceUseStatement; "Device/12" does not.
bool NamesReferred(std::string_view text) {
  if (!From(text, "\"Medication\"").empty()) return true;
  for (text = From(text, "\"Device"); !text.empty(); text = From(text.substr(1), "\"Device")) {
    for (const std::string_view type : {"\"Device\"", "\"DeviceUseStatement\""}) {
      if (text.starts_with(type)) return true;
    }
  }
  return false;
}

/// A quick look, so that only files with what others refer to are parsed twice.
bool MentionsReferred(const std::filesystem::path& path) {
  constexpr std::size_t kLongest = 20;  // "DeviceUseStatement" in its quotes
  std::ifstream file(path, std::ios::binary);
  std::string window;
  std::string block(1 << 20, '\0');
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())) || file.gcount() > 0) {
    window.append(block, 0, static_cast<std::size_t>(file.gcount()));
    if (NamesReferred(window)) return true;
    window.erase(0, window.size() - std::min(window.size(), kLongest));
  }
  return false;
}

/// Lines of an NDJSON file, parsed.
class LineBatch {
 public:
  struct Line {
    std::uint64_t number = 0;
    std::size_t size = 0;
    bool is_json = false;
  };

  bool full() const { return lines_.size() == kLines || size_ >= kBytes; }
  bool empty() const { return lines_.empty(); }
  const std::vector<Line>& lines() const { return lines_; }
  element at(std::size_t i) const { return documents_[i].root(); }

  /// Where the next line is to be parsed to.
  simdjson::dom::document& Next() {
    if (documents_.size() == lines_.size()) documents_.emplace_back();
    return documents_[lines_.size()];
  }
  void Add(const Line& line) {
    lines_.push_back(line);
    size_ += line.size;
  }
  /// Keeps the memory of the usual lines, ten times their size.
  void Clear() {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (lines_[i].size > kUsual) documents_[i] = simdjson::dom::document();
    }
    lines_.clear();
    size_ = 0;
  }

 private:
  static constexpr std::size_t kLines = 256;
  static constexpr std::size_t kBytes = 1 << 18;
  static constexpr std::size_t kUsual = 1 << 12;

  std::vector<Line> lines_;
  std::vector<simdjson::dom::document> documents_;  ///< by line; and those before, for their memory
  std::size_t size_ = 0;
};

}  // namespace

struct FhirReader::State {
  RecordSink& sink;  // not owned, outlives the reader
  MedicationCodes medications;
  KnownDevices devices;
  simdjson::dom::parser parser;

  explicit State(RecordSink& s) : sink(s) {}

  template <typename Use>
  Result<void> ForEachDocument(const std::filesystem::path& path, const std::string& name, Use use);
  template <typename Use>
  Result<void> ForEachLine(std::istream& file, const std::string& name, Use use);
  void Collect(element resource, std::string_view full_url);
  void CollectAll(element document);
  class Documents;
  Result<void> ReadBundle(element bundle, const std::string& name, std::uint64_t line);
};

/// Calls `use(document, line)` for the one document of a JSON file (line 0) or for every line of an
/// NDJSON file, and `use(nullopt, line)` for a line that is no JSON.
template <typename Use>
Result<void> FhirReader::State::ForEachDocument(const std::filesystem::path& path,
                                                const std::string& name, Use use) {
  std::string buffer(1 << 18, '\0');
  std::ifstream file;
  file.rdbuf()->pubsetbuf(buffer.data(), static_cast<std::streamsize>(buffer.size()));
  file.open(path, std::ios::binary);
  if (!file) return Fail(ErrorCode::kFailed, name + ": cannot be read: " + std::strerror(errno));
  // NDJSON: the first line is a whole object, and something follows it.
  std::string first;
  std::getline(file, first);
  element document;
  if (parser.parse(WithoutMark(first)).get(document) == simdjson::SUCCESS) {
    if (!(file >> std::ws) || file.peek() != '{') return use(std::optional<element>(document), 0);
    file.clear();
    file.seekg(0);
    return ForEachLine(file, name, use);
  }
  file.clear();
  file.seekg(0, std::ios::end);
  std::string text(static_cast<std::size_t>(file.tellg()), '\0');
  file.seekg(0);
  if (!file.read(text.data(), static_cast<std::streamsize>(text.size()))) {
    return Fail(ErrorCode::kFailed, name + ": cannot be read to its end");
  }
  const auto error = parser.parse(WithoutMark(text)).get(document);
  if (error != simdjson::SUCCESS) return BrokenJson(name, text, simdjson::error_message(error));
  return use(std::optional<element>(document), 0);
}

/// Parses on this thread and, of a file of more than one batch of lines, uses on one of its own.
template <typename Use>
Result<void> FhirReader::State::ForEachLine(std::istream& file, const std::string& name, Use use) {
  const auto use_all = [&use](const LineBatch& batch) -> Result<void> {
    for (std::size_t i = 0; i < batch.lines().size(); ++i) {
      const LineBatch::Line& line = batch.lines()[i];
      CLINNOVA_TRY(use(line.is_json ? std::optional(batch.at(i)) : std::nullopt, line.number));
    }
    return {};
  };
  LineBatch batch;
  BatchThread<LineBatch> thread(use_all, 4);
  std::string text;
  std::uint64_t number = 0;
  while (std::getline(file, text)) {
    ++number;
    if (Trimmed(text).empty()) continue;
    element document;
    // In place: simdjson reads ahead into what is reserved.
    text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    const std::string_view whole = AfterMark(text);
    const auto error =
        parser.parse_into_document(batch.Next(), whole.data(), whole.size(), false).get(document);
    if (error != simdjson::SUCCESS && file.eof()) {
      // The last line lacks its end: the file was cut.
      CLINNOVA_TRY(thread.Finish(batch));
      return BrokenJson(name + ":" + std::to_string(number), text, simdjson::error_message(error));
    }
    batch.Add({.number = number, .size = whole.size(), .is_json = error == simdjson::SUCCESS});
    if (batch.full()) CLINNOVA_TRY(thread.HandOver(batch));
  }
  return thread.Finish(batch);
}

void FhirReader::State::Collect(element resource, std::string_view full_url) {
  const std::string type = Text(resource, "resourceType");
  if (type == "DeviceUseStatement") {
    element device;
    if (resource["device"].get(device) == simdjson::SUCCESS) {
      devices.used.emplace(TypeAndId(Text(device, "reference")));
    }
  }
  if (type != "Medication" && type != "Device") return;
  const std::string identity = ResourceIdentity(resource, full_url);
  if (identity.empty()) return;
  if (type == "Medication") {
    medications[identity] = CodesOfMedication(resource);
  } else {
    devices.by_id[identity] = DescribeDevice(resource);
  }
}

void FhirReader::State::CollectAll(element document) {
  simdjson::dom::array entries;
  if (document["entry"].get(entries) != simdjson::SUCCESS) return Collect(document, "");
  for (const element entry : entries) {
    element resource;
    if (entry["resource"].get(resource) == simdjson::SUCCESS) {
      Collect(resource, Text(entry, "fullUrl"));
    }
  }
}

Result<void> FhirReader::State::ReadBundle(element bundle, const std::string& name,
                                           std::uint64_t line) {
  simdjson::dom::array entries;
  if (bundle["entry"].get(entries) != simdjson::SUCCESS) return {};
  std::map<std::string, std::string, std::less<>> by_url;
  for (const element entry : entries) {
    element resource;
    const std::string url = Text(entry, "fullUrl");
    if (url.empty() || entry["resource"].get(resource) != simdjson::SUCCESS) continue;
    by_url.emplace(url, ResourceIdentity(resource, url));
  }
  FhirContext context;
  context.medications = &medications;
  context.devices = &devices;
  context.resolve = [&by_url](std::string_view reference) {
    const auto found = by_url.find(reference);
    return found != by_url.end() ? found->second : std::string(TypeAndId(reference));
  };
  std::uint64_t index = 0;
  for (const element entry : entries) {
    ++index;
    element resource;
    if (entry["resource"].get(resource) != simdjson::SUCCESS) continue;  // a DELETE, or an outcome
    context.full_url = Text(entry, "fullUrl");
    context.source = {name, line != 0 ? line : index,
                      "Bundle.entry[" + std::to_string(index - 1) + "].resource"};
    CLINNOVA_TRY(ReadResource(resource, context, sink));
  }
  return {};
}

/// One file's documents.
class FhirReader::State::Documents {
 public:
  Documents(State& state, const std::string& name) : state_(state), patterns_(state.sink) {
    alone_.source.file = name;
    alone_.medications = &state.medications;
    alone_.devices = &state.devices;
    alone_.resolve = [](std::string_view reference) { return std::string(TypeAndId(reference)); };
  }

  /// `line` is 0 where it is the file's only one.
  Result<void> Read(element document, std::uint64_t line) {
    const std::string type = Text(document, "resourceType");
    if (type == "Bundle") return state_.ReadBundle(document, alone_.source.file, line);
    alone_.source.line = line;
    if (type == FhirPatterns::kType) {
      CLINNOVA_ASSIGN(const bool taken, patterns_.Take(document, alone_));
      if (taken) return {};
    }
    return ReadResource(document, alone_, state_.sink);
  }

 private:
  State& state_;
  FhirContext alone_;  ///< of a resource that is in no bundle
  FhirPatterns patterns_;
};

FhirReader::FhirReader(RecordSink& sink) : state_(std::make_unique<State>(sink)) {}
FhirReader::~FhirReader() = default;

Result<void> FhirReader::CollectReferred(const std::filesystem::path& path) {
  if (!MentionsReferred(path)) return {};
  const auto collected = state_->ForEachDocument(
      path, path.string(), [this](std::optional<element> document, std::uint64_t) -> Result<void> {
        if (document) state_->CollectAll(*document);
        return {};
      });
  // What is wrong with a file, Read() says when it comes to it.
  if (!collected && collected.error().code == ErrorCode::kFailed) return Fail(collected);
  return {};
}

Result<void> FhirReader::Read(const std::filesystem::path& path, const std::string& name) {
  State::Documents documents(*state_, name);
  return state_->ForEachDocument(
      path, name, [&](std::optional<element> document, std::uint64_t line) -> Result<void> {
        if (document) return documents.Read(*document, line);
        return state_->sink.Reject(
            {{name, line, ""}, "", "fhir.json", "found a line that is no JSON", ""});
      });
}

Result<void> FhirReader::ReadText(std::string_view text, const std::string& name) {
  element document;
  const auto error = state_->parser.parse(WithoutMark(text)).get(document);
  if (error != simdjson::SUCCESS) return BrokenJson(name, text, simdjson::error_message(error));
  state_->CollectAll(document);
  return State::Documents(*state_, name).Read(document, 0);
}

bool FhirReader::LooksLikeJson(std::string_view head) {
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  return Trimmed(head).starts_with('{');
}

}  // namespace clinnova::intake
