// Made by tools/kafka/generate.py from tools/kafka/messages/; change that and run it again.

// clang-format off
#include "wire/kafka/api.h"

namespace millrace::wire::kafka {

namespace {
constexpr ApiInfo kApis[] = {
    {ApiKey::produce, "Produce", 0, 13, 9},
    {ApiKey::fetch, "Fetch", 4, 18, 12},
    {ApiKey::list_offsets, "ListOffsets", 0, 11, 6},
    {ApiKey::metadata, "Metadata", 0, 13, 9},
    {ApiKey::offset_commit, "OffsetCommit", 0, 10, 8},
    {ApiKey::offset_fetch, "OffsetFetch", 0, 10, 6},
    {ApiKey::find_coordinator, "FindCoordinator", 0, 6, 3},
    {ApiKey::join_group, "JoinGroup", 0, 9, 6},
    {ApiKey::heartbeat, "Heartbeat", 0, 4, 4},
    {ApiKey::leave_group, "LeaveGroup", 0, 5, 4},
    {ApiKey::sync_group, "SyncGroup", 0, 5, 4},
    {ApiKey::describe_groups, "DescribeGroups", 0, 6, 5},
    {ApiKey::list_groups, "ListGroups", 0, 5, 3},
    {ApiKey::sasl_handshake, "SaslHandshake", 0, 1, kNeverFlexible},
    {ApiKey::api_versions, "ApiVersions", 0, 4, 3},
    {ApiKey::create_topics, "CreateTopics", 0, 7, 5},
    {ApiKey::delete_topics, "DeleteTopics", 0, 6, 4},
    {ApiKey::delete_records, "DeleteRecords", 0, 2, 2},
    {ApiKey::init_producer_id, "InitProducerId", 0, 6, 2},
    {ApiKey::offset_for_leader_epoch, "OffsetForLeaderEpoch", 0, 4, 4},
    {ApiKey::add_partitions_to_txn, "AddPartitionsToTxn", 0, 5, 3},
    {ApiKey::add_offsets_to_txn, "AddOffsetsToTxn", 0, 4, 3},
    {ApiKey::end_txn, "EndTxn", 0, 5, 3},
    {ApiKey::write_txn_markers, "WriteTxnMarkers", 1, 2, 1},
    {ApiKey::txn_offset_commit, "TxnOffsetCommit", 0, 5, 3},
    {ApiKey::describe_acls, "DescribeAcls", 1, 3, 2},
    {ApiKey::create_acls, "CreateAcls", 1, 3, 2},
    {ApiKey::delete_acls, "DeleteAcls", 1, 3, 2},
    {ApiKey::describe_configs, "DescribeConfigs", 0, 4, 4},
    {ApiKey::alter_configs, "AlterConfigs", 0, 2, 2},
    {ApiKey::describe_log_dirs, "DescribeLogDirs", 1, 5, 2},
    {ApiKey::sasl_authenticate, "SaslAuthenticate", 0, 2, 2},
    {ApiKey::create_partitions, "CreatePartitions", 0, 3, 2},
    {ApiKey::delete_groups, "DeleteGroups", 0, 2, 2},
    {ApiKey::elect_leaders, "ElectLeaders", 0, 2, 2},
    {ApiKey::incremental_alter_configs, "IncrementalAlterConfigs", 0, 1, 1},
    {ApiKey::offset_delete, "OffsetDelete", 0, 0, kNeverFlexible},
    {ApiKey::describe_client_quotas, "DescribeClientQuotas", 0, 1, 1},
    {ApiKey::alter_client_quotas, "AlterClientQuotas", 0, 1, 1},
    {ApiKey::describe_user_scram_credentials, "DescribeUserScramCredentials", 0, 0, 0},
    {ApiKey::alter_user_scram_credentials, "AlterUserScramCredentials", 0, 0, 0},
    {ApiKey::describe_quorum, "DescribeQuorum", 0, 2, 0},
    {ApiKey::describe_cluster, "DescribeCluster", 0, 2, 0},
    {ApiKey::describe_producers, "DescribeProducers", 0, 0, 0},
    {ApiKey::describe_transactions, "DescribeTransactions", 0, 0, 0},
    {ApiKey::list_transactions, "ListTransactions", 0, 2, 0},
    {ApiKey::list_config_resources, "ListConfigResources", 0, 1, 0},
    {ApiKey::describe_topic_partitions, "DescribeTopicPartitions", 0, 0, 0},
};
}  // namespace

std::span<const ApiInfo> all_apis() { return kApis; }

}  // namespace millrace::wire::kafka
