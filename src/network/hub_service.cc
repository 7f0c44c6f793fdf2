// SPDX-License-Identifier: Apache-2.0
#include "network/hub_service.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <mutex>

#include "federation/secret.h"
#include "federation/secret_file.h"
#include "network/hub_folder.h"
#include "network/hub_store.h"
#include "wire/clinnova.grpc.pb.h"

namespace clinnova::network {
namespace {

using Stream = grpc::ServerReaderWriter<v1::HubMessage, v1::SiteMessage>;

constexpr int kKeepaliveMs = 20'000;
constexpr int kKeepaliveTimeoutMs = 10'000;

core::Bytes BytesOf(const std::string& text) { return {text.begin(), text.end()}; }
std::string TextOf(core::ByteView bytes) { return {bytes.begin(), bytes.end()}; }

/// One site's stream, for as long as its handler runs.
class StreamOutlet final : public Outlet {
 public:
  StreamOutlet(Stream* stream, grpc::ServerContext* context) : stream_(stream), context_(context) {}

  void Send(const HubEnvelope& message) override {
    v1::HubMessage out;
    out.set_kind(static_cast<std::uint32_t>(message.kind));
    out.set_number(message.number);
    out.set_study(message.study.data(), message.study.size());
    out.set_body(message.body.data(), message.body.size());
    const std::lock_guard lock(mutex_);
    if (stream_ != nullptr) stream_->Write(out);
  }
  void Close() override {
    const std::lock_guard lock(close_mutex_);
    if (context_ != nullptr) context_->TryCancel();
  }
  /// The handler ends: stream and context are no more.
  void Detach() {
    const std::lock_guard lock(mutex_);
    const std::lock_guard close_lock(close_mutex_);
    stream_ = nullptr;
    context_ = nullptr;
  }

 private:
  std::mutex mutex_;
  std::mutex close_mutex_;        // apart: a stream whose write hangs must be closable
  Stream* stream_;                // not owned; null after Detach
  grpc::ServerContext* context_;  // not owned; null after Detach
};

Result<SiteEnvelope> Read(const v1::SiteMessage& message) {
  SiteEnvelope envelope{.kind = static_cast<SiteMessageKind>(message.kind()),
                        .answers = message.answers()};
  if (!message.study().empty()) {
    if (message.study().size() != envelope.study.size()) {
      return Fail(ErrorCode::kInvalidInput, "malformed message", "malformed");
    }
    std::copy(message.study().begin(), message.study().end(), envelope.study.begin());
  }
  envelope.body = BytesOf(message.body());
  return envelope;
}

void Write(const Error& error, v1::Answer* answer) {
  answer->set_failure(static_cast<std::uint32_t>(error.code) + 1);
  answer->set_message(error.message);
  answer->set_reason(error.reason);
}

template <typename T>
void Write(const Result<T>& result, v1::Answer* answer) {
  if (result) {
    answer->set_body(TextOf(core::Encode(*result)));
  } else {
    Write(result.error(), answer);
  }
}

}  // namespace

class HubServer::Service final : public v1::Hub::Service {
 public:
  static Result<std::unique_ptr<Service>> Open(const HubServeOptions& options);
  ~Service() override;

  grpc::Status Join(grpc::ServerContext* context, Stream* stream) override;
  grpc::Status Enrol(grpc::ServerContext*, const v1::Call* call, v1::Answer* answer) override {
    Write(DoEnrol(*call), answer);
    return grpc::Status::OK;
  }
  grpc::Status Submit(grpc::ServerContext* context, const v1::Call* call,
                      v1::Answer* answer) override {
    return Answer(context, answer, [&] { return desk_->Submit(call->body()); });
  }
  grpc::Status List(grpc::ServerContext* context, const v1::Call*, v1::Answer* answer) override {
    return Answer(context, answer, [&] { return desk_->List(); });
  }
  grpc::Status Status(grpc::ServerContext* context, const v1::Call* call,
                      v1::Answer* answer) override {
    return Answer(context, answer, [&] { return desk_->Status(call->body()); });
  }
  grpc::Status Results(grpc::ServerContext* context, const v1::Call* call,
                       v1::Answer* answer) override {
    return Answer(context, answer, [&] { return desk_->ResultFile(call->body()); });
  }
  grpc::Status Cancel(grpc::ServerContext* context, const v1::Call* call,
                      v1::Answer* answer) override {
    return Answer(context, answer, [&] { return desk_->Cancel(call->body()); });
  }

  const std::string& name() const { return config_.name; }
  const std::string& address() const { return address_; }
  StudyDesk& desk() { return *desk_; }

 private:
  Service() = default;
  Result<void> Listen(const std::string& listen, const std::filesystem::path& folder);
  Result<EnrolReply> DoEnrol(const v1::Call& call);
  Result<SiteRecord> SiteOf(const grpc::ServerContext& context);
  template <typename Work>
  grpc::Status Answer(grpc::ServerContext* context, v1::Answer* answer, Work work);

  HubConfig config_;
  std::string address_;
  std::string password_;
  std::string token_;
  Credential authority_;
  std::unique_ptr<HubStore> store_;
  std::unique_ptr<federation::SiteIdentity> identity_;
  std::unique_ptr<federation::Ledger> ledger_;
  Connections connections_;
  std::unique_ptr<StudyDesk> desk_;
  std::unique_ptr<grpc::Server> server_;
};

Result<std::unique_ptr<HubServer::Service>> HubServer::Service::Open(
    const HubServeOptions& options) {
  CLINNOVA_TRY(federation::StartCryptography());
  std::unique_ptr<Service> hub(new Service());
  const std::filesystem::path& folder = options.folder;
  CLINNOVA_ASSIGN(hub->config_, ReadHubConfig(folder));
  CLINNOVA_ASSIGN(hub->authority_, ReadAuthority(folder));
  if (!options.password.empty()) CLINNOVA_TRY(CheckPassword(hub->authority_, options.password));
  hub->password_ = options.password;
  CLINNOVA_ASSIGN(const auto token, federation::ReadSecretFile(folder / "researcher.token"));
  hub->token_ = TextOf(token.bytes());
  CLINNOVA_ASSIGN(federation::SiteIdentity identity,
                  federation::SiteIdentity::Load(folder / "hub.key"));
  hub->identity_ = std::make_unique<federation::SiteIdentity>(std::move(identity));
  CLINNOVA_ASSIGN(hub->ledger_, federation::Ledger::Open({.path = folder / "ledger.jsonl",
                                                          .identity = hub->identity_.get()}));
  CLINNOVA_ASSIGN(hub->store_, HubStore::Open(folder / "hub.db"));
  hub->desk_ = std::make_unique<StudyDesk>(StudyDesk::Options{.store = hub->store_.get(),
                                                              .ledger = hub->ledger_.get(),
                                                              .connections = &hub->connections_,
                                                              .patience = options.patience});
  CLINNOVA_TRY(hub->Listen(options.listen.empty() ? hub->config_.listen : options.listen, folder));
  CLINNOVA_TRY(hub->desk_->Start());
  return hub;
}

Result<void> HubServer::Service::Listen(const std::string& listen,
                                        const std::filesystem::path& folder) {
  CLINNOVA_ASSIGN(const std::string chain, ReadTextFile(folder / "server.pem"));
  CLINNOVA_ASSIGN(const auto key, federation::ReadSecretFile(folder / "server.key"));
  // A site's certificate is compared with the one that was issued (SiteOf), which is stricter than a check
  // of its chain, and lets a wrong one be told so in words.
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
  tls.pem_root_certs = authority_.certificate;
  tls.pem_key_cert_pairs.push_back({TextOf(key.bytes()), chain});
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(listen, grpc::SslServerCredentials(tls), &port);
  builder.RegisterService(this);
  builder.SetMaxReceiveMessageSize(kLargestMessage);
  builder.SetMaxSendMessageSize(kLargestMessage);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kKeepaliveMs / 2);
  server_ = builder.BuildAndStart();
  if (!server_ || port == 0) return Fail(ErrorCode::kFailed, "the hub cannot listen on " + listen);
  address_ = listen.substr(0, listen.rfind(':')) + ":" + std::to_string(port);
  return {};
}

HubServer::Service::~Service() {
  if (desk_) desk_->Stop();  // runs end before the streams they talk over
  connections_.CloseAll();
  if (server_) server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(2));
}

Result<SiteRecord> HubServer::Service::SiteOf(const grpc::ServerContext& context) {
  const auto certificates = context.auth_context()->FindPropertyValues("x509_pem_cert");
  if (certificates.empty()) {
    return Fail(ErrorCode::kRefused, "a stream without a site's certificate", "no_certificate");
  }
  CLINNOVA_ASSIGN(
      const std::string fingerprint,
      Fingerprint(std::string(certificates.front().data(), certificates.front().size())));
  CLINNOVA_ASSIGN(const std::optional<SiteRecord> site, store_->SiteByFingerprint(fingerprint));
  if (!site)
    return Fail(ErrorCode::kRefused, "a certificate that this hub did not issue",
                "unknown_certificate");
  return *site;
}

grpc::Status HubServer::Service::Join(grpc::ServerContext* context, Stream* stream) {
  Result<SiteRecord> site = SiteOf(*context);
  if (!site) return {grpc::StatusCode::UNAUTHENTICATED, site.error().message};
  v1::SiteMessage message;
  if (!stream->Read(&message)) return grpc::Status::OK;
  const auto hello = core::Decode<Hello>(BytesOf(message.body()));
  if (static_cast<SiteMessageKind>(message.kind()) != SiteMessageKind::kHello || !hello) {
    return {grpc::StatusCode::INVALID_ARGUMENT, "the first message is not a greeting"};
  }
  const auto outlet =
      std::make_shared<StreamOutlet>(stream, context);  // shared: senders may still hold it
  Result<void> going = desk_->SiteConnected(*site, *hello, outlet);
  site->version = hello->version;
  if (going) outlet->Send({.kind = HubMessageKind::kWelcome});
  while (going && stream->Read(&message)) {
    Result<SiteEnvelope> envelope = Read(message);
    going = envelope ? desk_->SiteSaid(*site, std::move(*envelope)) : Result<void>(Fail(envelope));
  }
  desk_->SiteLeft(*site, outlet.get());
  outlet->Detach();
  if (!going) {
    const bool refused = going.error().code == ErrorCode::kRefused;  // else the site may try again
    return {refused ? grpc::StatusCode::PERMISSION_DENIED : grpc::StatusCode::UNAVAILABLE,
            going.error().message};
  }
  return grpc::Status::OK;
}

Result<EnrolReply> HubServer::Service::DoEnrol(const v1::Call& call) {
  CLINNOVA_ASSIGN(const EnrolRequest request, core::Decode<EnrolRequest>(BytesOf(call.body())));
  const core::Bytes csr = BytesOf(request.certificate_request);
  if (!federation::VerifySignature(request.identity, kEnrolContext, csr, request.proof)) {
    return Fail(ErrorCode::kInvalidInput, "the identity key did not sign the request",
                "bad_signature");
  }
  const core::Hash secret = SecretHash(request.secret);
  CLINNOVA_TRY(store_->CheckInvite(secret, request.site, NowMs()));
  if (!CheckPassword(authority_, password_)) {
    return Fail(ErrorCode::kUnreachable,
                "the hub serves without its authority's password and cannot enrol sites");
  }
  EnrolReply reply{.hub = config_.name, .certificate = {}, .identity = identity_->public_key()};
  CLINNOVA_ASSIGN(reply.certificate,
                  SignRequest(authority_, password_, request.certificate_request, request.site));
  SiteRecord site{.name = request.site, .fingerprint = {}, .identity = request.identity};
  CLINNOVA_ASSIGN(site.fingerprint, Fingerprint(reply.certificate));
  CLINNOVA_TRY(store_->Enrol(secret, site, NowMs()));
  return reply;
}

template <typename Work>
grpc::Status HubServer::Service::Answer(grpc::ServerContext* context, v1::Answer* answer,
                                        Work work) {
  const auto& metadata = context->client_metadata();
  const auto found = metadata.find("authorization");
  const std::string given =
      found == metadata.end() ? "" : std::string(found->second.data(), found->second.size());
  const core::Hash expected = core::Blake2b("Bearer " + token_);
  if (core::Blake2b(given) != expected) {  // hashes, so that time tells nothing of the token
    Write(Error{ErrorCode::kRefused, "the hub does not know this researcher's token", "bad_token"},
          answer);
  } else {
    Write(work(), answer);
  }
  return grpc::Status::OK;
}

HubServer::HubServer(std::unique_ptr<Service> service) : service_(std::move(service)) {}
HubServer::~HubServer() = default;

Result<std::unique_ptr<HubServer>> HubServer::Start(const HubServeOptions& options) {
  CLINNOVA_ASSIGN(auto service, Service::Open(options));
  return std::unique_ptr<HubServer>(new HubServer(std::move(service)));
}

const std::string& HubServer::name() const { return service_->name(); }
const std::string& HubServer::address() const { return service_->address(); }
StudyDesk& HubServer::desk() { return service_->desk(); }

}  // namespace clinnova::network
