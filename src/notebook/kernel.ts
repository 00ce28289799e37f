import './compiler'; // first: it mends the compiler that tslab loads

import { ZmqServer } from 'tslab/dist/jupyter';
import { toJupyterError } from './failure';
import { startSession } from './session';

/*
 * The Jupyter kernel: tslab with `strict` cells and with the reason for which a cell failed, which stock tslab
 * leaves empty. Jupyter starts it by `.jupyter/kernels/mib/kernel.json`: node kernel.js CONNECTION_FILE.
 */

type Message = Parameters<ZmqServer['handleExecute']>[1];
type Socket = Parameters<ZmqServer['handleShellMessage']>[0];

class Kernel extends ZmqServer {
  constructor(
    connectionFile: string,
    private readonly session = startSession(),
  ) {
    super(session.handler, connectionFile);
  }

  override async handleExecute(shell: Socket, request: Message): Promise<void> {
    const send = (socket: unknown, type: string, content: object) => {
      const message = request.createReply();
      message.header.msg_type = type;
      message.content = content;
      message.signAndSend(this.connInfo.key, socket);
    };
    const { code } = request.content as { code: string };
    const reply = await this.handler.handleExecute(
      request.content as Parameters<typeof this.handler.handleExecute>[0],
      (name, text) => send(this.iopub, 'stream', { name, text }),
      (data, update) => send(this.iopub, update ? 'update_display_data' : 'display_data', data),
    );
    if (reply.status !== 'abort') {
      // late, yet soon enough: clients that store notebooks take the cell's number from this message alone
      send(this.iopub, 'execute_input', { code, execution_count: reply.execution_count });
    }
    const failure = reply.status === 'error' ? this.session.failure() : null;
    const error = failure && toJupyterError(failure);
    if (error) send(this.iopub, 'error', error);
    send(shell, 'execute_reply', { ...reply, ...error });
  }

  interrupt(): void {
    this.session.interrupt();
  }
}

const connectionFile = process.argv[2];
if (!connectionFile) {
  console.error('kernel: connection file is missing; Jupyter starts this program, see `npm run lab`');
  process.exit(2);
}
const kernel = new Kernel(connectionFile);
process.on('SIGINT', () => kernel.interrupt());
kernel.init();
