/**
 * The tests of CPython that are taken up: each must have a passing test of ours, or a note.
 *
 * A file is taken up whole, or by class; a class whole, by the tests named, or all but some.
 * What is not named here is for later, and the table says so.
 */
export type Choice = 'all' | { only: readonly string[] } | { except: readonly string[] };

export const takenUp: Readonly<Record<string, 'all' | Readonly<Record<string, Choice>>>> = {
  'test_futures.py': 'all',
  'test_futures2.py': 'all',
  'test_runners.py': 'all',
  'test_sock_lowlevel.py': 'all',
  'test_locks.py': 'all',
  'test_queues.py': 'all',

  'test_base_events.py': {
    BaseEventLoopTests: {
      except: [
        // subprocesses
        'test_subprocess_exec_invalid_args',
        'test_subprocess_shell_invalid_args',
      ],
    },
    BaseEventTests: 'all',
    BaseEventLoopWithSelectorTests: 'all',
    RunningLoopTests: 'all',
    BaseLoopSockSendfileTests: 'all',
    TestSelectorUtils: 'all',
  },

  'test_sendfile.py': 'all',
  'test_ssl.py': 'all',
  'test_sslproto.py': 'all',

  'test_context.py': 'all',
  'test_pep492.py': 'all',
  'test_threads.py': 'all',
  'test_tasks.py': 'all',
  'test_taskgroups.py': 'all',
  'test_timeouts.py': 'all',
  'test_waitfor.py': 'all',

  'test_protocols.py': { ProtocolsAbsTests: { except: ['test_subprocess_protocol'] } },
  'test_transports.py': {
    TransportTests: { except: ['test_subprocess_transport_not_implemented'] },
  },
  'test_server.py': 'all',
  'test_buffered_proto.py': 'all',
  'test_streams.py': {
    StreamTests: {
      except: [
        // pipes
        'test_read_all_from_pipe_reader',
      ],
    },
  },

  'test_selector_events.py': 'all',
  'test_events.py': {
    EventLoopTestsMixin: {
      except: [
        // pipes and terminals
        'test_read_pipe',
        'test_unclosed_pipe_transport',
        'test_read_pty_output',
        'test_write_pipe',
        'test_write_pipe_disconnect_on_close',
        'test_write_pty',
        'test_bidirectional_pty',
      ],
    },
    ProactorEventLoopTests: 'all',
    HandleTests: 'all',
    TimerTests: 'all',
    AbstractEventLoopTests: 'all',
    PolicyTests: 'all',
    GetEventLoopTestsMixin: 'all',
    TestAbstractServer: 'all',
  },
  'test_unix_events.py': {
    SelectorEventLoopSignalTests: 'all',
    SelectorEventLoopUnixSocketTests: 'all',
    SelectorEventLoopUnixSockSendfileTests: 'all',
    TestFunctional: 'all',
    AbstractChildWatcherTests: 'all',
    BaseChildWatcherTests: 'all',
    ChildWatcherTestsMixin: 'all',
    PolicyTests: 'all',
  },
};
