import{ExitError,TimeoutError,TroupeError,bucketOf,events,handle,here,inTraceOf,inspect,load,percentile,soon,station,tracing,untyped}from"../troupe_1.js";var waiting=[];function askSoon(ref,message,wanted){let traced=tracing?.send("ask",{actor:ref.id,message:message.name});return traced===void 0?sendSoon(ref,message,wanted):traced.over(sendSoon(ref,{...message,trace:traced.carrier},wanted))}function sendSoon(ref,message,wanted){let{address}=untyped(ref);return new Promise((resolve,reject)=>{let ask={address,message,wanted,resolve,reject};address.mailbox.host.slot===station().isolate.slot?send(ask):waiting.push(ask)===1&&soon(sendAll)})}function send({address,message,wanted,resolve,reject}){try{wanted.onEnd(address.begin(message,{resolve,reject}))}catch(error){reject(error)}}function sendAll(){let asks=waiting;waiting=[];let{ringer}=station().isolate.park;ringer.muffled(()=>{for(let ask of asks)send(ask)}),ringer.ringOut()}import{Hono}from"hono";import{cors}from"hono/cors";import{HTTPException as HTTPException3}from"hono/http-exception";var Admission=class{#workers;#refusal;#line=[];#lanes=1;#inside=0;#standsSince=0;#countedAt=0;#answered=0;#answerMs=0;constructor(workers,refusal2){this.#workers=workers,this.#refusal=refusal2}enter(wanted,now){if(this.#line.length===0&&(this.#hasRoom||this.#begin(now))){this.#inside++;return}return new Promise((letIn,reject)=>{let waiting2={since:now,letIn,refuse:()=>reject(this.#refusal())};this.#line.push(waiting2),wanted.onEnd(reason=>{let at=this.#line.indexOf(waiting2);at>=0&&this.#line.splice(at,1),reject(reason)})})}leave(now){if(this.#inside--,this.#answered++,this.#line.length===0)return;(this.#answerMs===0||now-this.#countedAt>=100)&&this.#count(now);let standing=Math.max(15,3*this.#answerMs),longest=now-this.#standsSince>standing?Math.max(5,this.#answerMs):1/0;for(;this.#line.length>0&&this.#hasRoom;){let{since,letIn,refuse}=this.#line.shift();now-since>longest?refuse():(this.#inside++,letIn())}}get#hasRoom(){return this.#inside<2*this.#lanes}#begin(now){return this.#standsSince=this.#countedAt=now,this.#answered=0,this.#lanes=Math.max(1,this.#workers()),this.#hasRoom}#count(now){this.#answerMs=this.#lanes*(now-this.#countedAt)/this.#answered,this.#answered=0,this.#countedAt=now,this.#lanes=Math.max(1,this.#workers())}};import{HTTPException as HTTPException2}from"hono/http-exception";import{HTTPException}from"hono/http-exception";function shown(value){try{let text=JSON.stringify(value)??"";return text.length<=1e3?value:cut(text)}catch{return cut(textOf(value))}}function asJson(value){return JSON.stringify(value),value}function cut(text,most=1e3){return text.length<=most?text:`${text.slice(0,most)}\u2026`}function textOf(value){return typeof value=="object"?"[no JSON]":String(value)}var TITLES={400:"The request is malformed",401:"Who are you?",403:"This is not allowed",404:"There is no such thing",405:"This method is not served here",408:"The body did not arrive in time",413:"The body is too large",415:"The body is no JSON",421:"This server does not have that name",499:"The client went away",500:"The handler failed",503:"The service is not available now",504:"The reply did not come in time"},STATUSES={FULL:503,EXIT:503,CLOSED:503,START:503,RESTART_LIMIT:503,EOF:503,BROKEN_PIPE:503,CANCELLED:503,TIMEOUT:504};function problem(status,code,rest={}){return{type:`urn:troupe:${code.toLowerCase().replaceAll("_","-")}`,title:TITLES[status],status,code,...rest}}function problemOf(error){if(error instanceof HTTPException)return error.cause??problem(error.status,"REMOTE");let code=error instanceof TroupeError?error.code:"REMOTE",status=STATUSES[code]??500,rest=error instanceof ExitError?{maybeExecuted:error.maybeExecuted}:{};return problem(status,code,rest)}function refusal(status,code,rest={}){let{headers,...more}=rest,found=problem(status,code,more),res=problemResponse(found,headers);return new HTTPException(status,{res,cause:found})}function invalid(issues){let errors=issues.slice(0,20).map(({message,path=[]})=>({path:cut(path.map(step=>String(typeof step=="object"?step.key:step)).join("."),200),message:cut(message,500)}));return refusal(400,"VALIDATION",{detail:"The body does not fit the schema",errors})}function problemResponse(found,headers={}){let all=new Headers(headers);return all.set("content-type","application/problem+json"),all.set("x-content-type-options","nosniff"),new Response(JSON.stringify(found),{status:found.status,headers:all})}function retryAfter(milliseconds){return String(Math.max(1,Math.ceil(milliseconds/1e3)))}var JSON_TYPE=/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i,BodyReader=class{#limits;#gate;#time;constructor(limits,gate){this.#limits=limits,this.#gate=gate,this.#time={ms:limits.bodyTimeout,late:()=>refusal(408,"TIMEOUT")}}async readJson(request,patience){let{headers}=request,announced=headers.get("content-length");if(announced==="0"||announced===null&&request.body===null)return;let type=headers.get("content-type");if(type!=="application/json"&&!JSON_TYPE.test(type??""))throw refusal(415,"NOT_SUPPORTED",{detail:"Send application/json"});let bytes=announced===null?0:Number(announced);if(bytes>this.#limits.maxBody)throw tooLarge(this.#limits);if(!this.#gate.take(bytes))throw crowded(this.#limits);try{let isSmall=announced!==null&&bytes<=SMALL_BYTES;patience.limit(this.#time);let text=await new Promise((resolve,reject)=>{patience.onEnd(reject),this.#textOf(request,isSmall).then(resolve,reject)});return text===""?void 0:parse(text,this.#limits.maxDepth)}catch(error){throw!(error instanceof HTTPException2)&&request.signal.aborted?refusal(499,"CANCELLED"):error}finally{this.#gate.give(bytes)}}#textOf(request,isSmall){return isSmall?request.text():readChunks(request,this.#limits,this.#gate)}},SMALL_BYTES=65536;async function readChunks(request,limits,gate){let isCounted=request.headers.has("content-length"),decoder=new TextDecoder,text="",bytes=0;try{for await(let chunk of request.body){if(bytes+chunk.length>limits.maxBody)throw tooLarge(limits);if(!isCounted&&!gate.take(chunk.length))throw crowded(limits);bytes+=chunk.length,text+=decoder.decode(chunk,{stream:!0})}}finally{isCounted||gate.give(bytes)}return text+decoder.decode()}function parse(text,maxDepth){if(isDeeper(text,maxDepth))throw refusal(400,"VALIDATION",{detail:`The body is nested deeper than ${maxDepth}`});try{return JSON.parse(text)}catch{throw refusal(400,"DECODE",{detail:"The body is no JSON"})}}function isDeeper(text,maxDepth){let left=maxDepth;for(let bracket of["{","["])for(let at=text.indexOf(bracket);at>=0;at=text.indexOf(bracket,at+1))if(--left<0)return depthOf(text)>maxDepth;return!1}function depthOf(text){let[depth,deepest,inString]=[0,0,!1];for(let at=0;at<text.length;at++){let code=text.charCodeAt(at);code===34?inString=!inString:inString?at+=code===92?1:0:code===91||code===123?deepest=Math.max(deepest,++depth):(code===93||code===125)&&depth--}return deepest}function validated(schema,value){let result=schema["~standard"].validate(value);return result instanceof Promise?result.then(good):good(result)}function good(result){if(result.issues)throw invalid(result.issues);return result.value}function tooLarge({maxBody}){return refusal(413,"BUFFER_TOO_SHORT",{detail:`At most ${maxBody} bytes`})}function crowded(limits){return refusal(503,"FULL",{headers:{"retry-after":retryAfter(limits.retryAfter)}})}var DEFAULTS={timeout:1e4,maxBody:1048576,maxDepth:64,bodyTimeout:1e4,maxPending:256,maxStreams:256,retryAfter:1e3,heartbeat:15e3,maxJobs:1e3};function settingsOf(options){let settings={...DEFAULTS,...options};for(let name of Object.keys(DEFAULTS))if(settings[name]??=DEFAULTS[name],!(settings[name]>=1))throw new RangeError(`Cannot make routes with ${name} ${settings[name]}: from 1 on`);return settings}function modeOf(c){let mode=c.req.raw.url.includes("?")?c.req.query("mode"):void 0;if(mode===void 0){let prefer=c.req.raw.headers.get("prefer");return prefer!==null&&/\brespond-async\b/.test(prefer)?"job":"ask"}if(mode==="ask"||mode==="tell"||mode==="job")return mode;throw refusal(400,"VALIDATION",{detail:"mode is none of ask, tell, job"})}function pathOf(name){if(name.includes("*")||name==="")throw new TypeError(`Cannot publish "${name}": this cannot be a path`);return`/${decodeURI(encodeURIComponent(name))}`}var UTF8=new TextEncoder,HEADERS={"content-type":"text/event-stream; charset=utf-8","cache-control":"no-store","x-accel-buffering":"no","x-content-type-options":"nosniff"};function eventText(value,{id,event}){return`${(id===void 0?"":`id: ${id}
`)+(event?`event: ${event}
`:"")}data: ${JSON.stringify(value)??"null"}

`}function eventStream(items,options){let{skip=0,heartbeat,ended}=options,reader=items.getReader(),beat,id=0,state="open",finish=error=>{state!=="ended"&&(state="ended",clearInterval(beat),ended(error))},body=new ReadableStream({start(controller){let write=()=>(controller.desiredSize??0)>0&&controller.enqueue(UTF8.encode(`:

`));write(),beat=setInterval(write,heartbeat)},async pull(controller){try{let next=await reader.read();for(;!next.done&&++id<=skip;)next=await reader.read();if(state==="ended")return;let text=next.done?eventText(null,{event:"end"}):eventText(next.value,{id});if(controller.enqueue(UTF8.encode(text)),!next.done)return;finish(),controller.close()}catch(error){if(state==="ended")return;finish(error),reader.cancel(error).catch(()=>{}),controller.enqueue(UTF8.encode(eventText(problemOf(error),{event:"problem"}))),controller.close()}},cancel(reason){return finish(),reader.cancel(reason)}},{highWaterMark:1});return new Response(body,{headers:HEADERS})}function lastEventId(header){return header&&/^\d{1,9}$/.test(header)?Number(header):0}var EARLY_MS=20;async function opened(items){let reader=items.getReader(),first=reader.read(),timer,moment=new Promise(resolve=>timer=setTimeout(resolve,EARLY_MS));try{await Promise.race([first,moment])}finally{clearTimeout(timer)}let next=first;return new ReadableStream({async pull(controller){let{done,value}=await(next??reader.read());next=void 0,done?controller.close():controller.enqueue(value)},cancel:reason=>reader.cancel(reason)},{highWaterMark:0})}var Gate=class{#most;#mostBytes;#inside=0;#bytes=0;constructor(most,body=0){this.#most=most,this.#mostBytes=Math.max(4194304,body)}get inside(){return this.#inside}enter(){return this.#inside>=this.#most?!1:(this.#inside++,!0)}leave(){this.#inside--}take(bytes){return this.#bytes+bytes>this.#mostBytes?!1:(this.#bytes+=bytes,!0)}give(bytes){this.#bytes-=bytes}};var KEPT_MS=10*6e4,Jobs=class{#most;#jobs=new Map;constructor(most){this.#most=most}begin(name,work){if(!this.#makeRoom())return;let id=crypto.randomUUID(),status={id,name,status:"running",startedAt:Date.now()},job={status,controller:new AbortController,listeners:new Set};this.#jobs.set(id,job);let change=to=>{if(status.status==="running"){Object.assign(status,to);for(let listener of job.listeners)listener()}},end=to=>change({endedAt:Date.now(),...to});return work(job.controller.signal,progress=>change({progress})).then(result=>end({status:"done",result:result??null}),error=>end(job.controller.signal.aborted?{status:"cancelled"}:{status:"failed",problem:problemOf(error)})),{...status}}get(id){return this.#jobs.get(id)?.status}all(){return[...this.#jobs.values()].map(({status})=>status).reverse()}cancel(id){let job=this.#jobs.get(id);return job?.controller.abort(),job?.status}follow(id){let job=this.#jobs.get(id);if(job===void 0)return;let seen="",wake=()=>{},listener=()=>wake();return job.listeners.add(listener),new ReadableStream({async pull(controller){for(;JSON.stringify(job.status)===seen;)await new Promise(resolve=>wake=resolve);seen=JSON.stringify(job.status),controller.enqueue({...job.status}),job.status.status!=="running"&&(job.listeners.delete(listener),controller.close())},cancel:()=>{job.listeners.delete(listener)}},{highWaterMark:0})}#makeRoom(){let now=Date.now();for(let[id,{status}]of this.#jobs)(status.endedAt!==void 0&&status.endedAt<now-KEPT_MS||status.endedAt!==void 0&&this.#jobs.size>=this.#most)&&this.#jobs.delete(id);return this.#jobs.size<this.#most}};var CallTally=class{#names=new Map;count(name,status,milliseconds){let counted=this.#names.get(name);counted===void 0&&(counted={statuses:{},durations:new Int32Array(28),count:0,seconds:0},this.#names.set(name,counted)),counted.count++,counted.seconds+=milliseconds/1e3,counted.statuses[status]=(counted.statuses[status]??0)+1,counted.durations[bucketOf(milliseconds)]++}figures(){return[...this.#names].map(([name,{durations,statuses,...rest}])=>({name,...rest,statuses:{...statuses},p50:percentile(durations,.5),p99:percentile(durations,.99)}))}};var MOST_LINES=500,MOST_LETTERS=200,Observatory=class{things={actors:new Map,supervisors:new Map,pools:new Map,queues:new Map,locks:new Map};tallies=new Map;jobs=new Map;lines=[];letters=[];totals={deadLetters:0,restarts:0,crashes:0};#count=0;#following;observe(name,thing){let list=this.#listFor(thing);if(list===void 0)throw new TypeError(`Cannot observe "${name}": it is no actor, supervisor, pool, queue or lock`);return list.set(name,thing),{[Symbol.dispose]:()=>{list.get(name)===thing&&list.delete(name)}}}followSystem(){this.#following===void 0&&(this.#following=events(),this.follow(this.#following))}[Symbol.dispose](){this.#following?.[Symbol.dispose](),this.#following=void 0;for(let list of Object.values(this.things))list.clear();this.jobs.clear()}async follow(events2){for await(let event of events2)this.note(event)}note(event){let{type,actor,at}=event;if(type==="restarted"&&this.totals.restarts++,type==="crashed"&&this.totals.crashes++,type==="dead-letter"){this.totals.deadLetters++;let{message={type:"?"},reason="?"}=event;keep(this.letters,{n:++this.#count,at,actor,message,reason},MOST_LETTERS)}let level=type==="crashed"?"error":type==="dead-letter"?"warn":"info";this.log(level,describe(event),at)}log(level,text,at=Date.now()){keep(this.lines,{n:++this.#count,at,level,text:text.slice(0,2e3)},MOST_LINES)}takeLetter(n){let index=this.letters.findIndex(letter=>letter.n===n);return index<0?void 0:this.letters.splice(index,1)[0]}tally(service){let found=this.tallies.get(service)??new CallTally;return this.tallies.set(service,found),found}addJobs(service,jobs){this.jobs.set(service,jobs)}#listFor(thing){if(typeof thing!="object"||thing===null)return;let{actors,supervisors,pools,queues,locks}=this.things;if(handle in thing&&thing[handle]==="ref")return actors;if("which"in thing&&"children"in thing)return supervisors;if("killWorkers"in thing)return pools;if("qsize"in thing)return queues;if("locked"in thing)return locks}},observatory=new Observatory;function observe(name,thing){return observatory.observe(name,thing)}function keep(list,one,most){list.push(one),list.length>most&&list.shift()}function describe({type,actor,error,message,reason}){let what=error instanceof Error?`: ${error.name}: ${error.message}`:"",letter=message===void 0?"":` "${message.type}" (${reason})`;return`${actor} ${type}${letter}${what}`}var FAILURES={400:"Malformed, or not what the schema asks for",403:"From a page of another site",408:"The body took too long to arrive",413:"Larger than allowed",415:"Not JSON",500:"The handler failed",503:"Overloaded or stopped; see Retry-After",504:"No reply in time"};function jsonSchemaOf(schema){let source=schema["~standard"];try{let{$schema:_,...rest}=source.jsonSchema?.input({target:"draft-2020-12"})??{};return rest}catch{return{}}}function openApi({title,version},published){let paths=[];for(let one of published)paths.push([`/${encodeURIComponent(one.name)}`,{post:operation(one)}]);return{openapi:"3.1.0",info:{title,version},servers:[{url:"."}],paths:Object.fromEntries(paths),components:{schemas:{Problem:PROBLEM},responses:{Problem:PROBLEM_RESPONSE}}}}function operation({name,input,isStream,tell}){let type=isStream?"text/event-stream":"application/json",modes=["ask","job",...tell?["tell"]:[]],failures=Object.entries(FAILURES).map(([status,description])=>[status,{...PROBLEM_RESPONSE,description}]);return{operationId:name,parameters:[{name:"mode",in:"query",schema:{enum:modes,default:"ask"}}],requestBody:{required:!0,content:{"application/json":{schema:jsonSchemaOf(input)}}},responses:{200:{description:isStream?"Items as events":"The reply",content:{[type]:{}}},202:{description:"Accepted; a job has a Location"},...Object.fromEntries(failures)}}}var PROBLEM={type:"object",required:["type","title","status","code"],properties:{type:{type:"string"},title:{type:"string"},status:{type:"integer"},code:{type:"string"},detail:{type:"string"},errors:{type:"array",items:{type:"object",properties:{path:{type:"string"},message:{type:"string"}}}},maybeExecuted:{type:"boolean"}}},PROBLEM_RESPONSE={description:"What went wrong",content:{"application/problem+json":{schema:{$ref:"#/components/schemas/Problem"}}}};function isForeign({headers,url}){let site=headers.get("sec-fetch-site");if(site!==null)return site!=="same-origin"&&site!=="none";let origin=headers.get("origin");if(origin===null)return!1;try{return new URL(origin).host!==(headers.get("host")??new URL(url).host)}catch{return!0}}var TICK_MS=50,TICKS_A_WAIT=8,Patience=class{place=0;isLetIn=!1;#client;#state="fresh";#limit;#until=1/0;#callOff;#reason;#controller;#gone;constructor(client){this.#client=client}get signal(){let controller=this.#controller??=new AbortController;return this.onEnd(reason=>controller.abort(reason)),controller.signal}onEnd(callOff){this.#state==="over"?callOff(this.#reason):this.#callOff=callOff}limit(limit){this.#limit=limit,this.#until=0}look(now){if(this.#until===0&&this.#limit!==void 0&&(this.#until=now+this.#limit.ms),now>=this.#until)return this.#end(this.#limit.late());if(this.#state!=="fresh"||this.#client===void 0)return;this.#state="watched";let{signal}=this.#client;if(signal.aborted)return this.abandon();this.#gone=()=>this.abandon(),signal.addEventListener("abort",this.#gone,{once:!0})}abandon(){this.#end(refusal(499,"CANCELLED"))}leave(){this.#gone&&this.#client.signal.removeEventListener("abort",this.#gone),this.#state="over"}#end(reason){this.#state!=="over"&&(this.leave(),this.#reason=reason,this.#callOff?.(reason))}};function wantedUntil(signal){return{signal,onEnd:callOff=>{signal.aborted?callOff(signal.reason):signal.addEventListener("abort",()=>callOff(signal.reason),{once:!0})}}}var Watch=class{#tick;#clients=[];#timer;#isLeaving=!1;#lookedAt=0;#time=0;constructor(...waits){this.#tick=Math.max(1,Math.min(TICK_MS,...waits.map(ms=>ms/TICKS_A_WAIT)))}enter(client){let patience=new Patience(client);return patience.place=this.#clients.push(patience)-1,this.#timer===void 0&&(this.#lookedAt=performance.now(),this.#timer=setInterval(()=>this.#look(),this.#tick)),patience}leave(patience){patience.leave();let last=this.#clients.pop();last!==patience&&(this.#clients[last.place=patience.place]=last),!(this.#clients.length>0||this.#isLeaving)&&(this.#isLeaving=!0,soon(()=>this.#rest()))}#rest(){this.#isLeaving=!1,!(this.#clients.length>0)&&(clearInterval(this.#timer),this.#timer=void 0)}#look(){let now=performance.now();this.#time+=Math.min(now-this.#lookedAt,TICKS_A_WAIT*this.#tick),this.#lookedAt=now;for(let patience of[...this.#clients])patience.look(this.#time)}};var KINDS=new Set(["ask","tell","stream","cancel"]),MOST_UNSENT=262144,MOST_UNREAD=4<<20,PAUSE_MS=20;function serveSocket(c,service){if(c.req.header("upgrade")?.toLowerCase()!=="websocket")throw refusal(400,"NOT_SUPPORTED",{detail:"This address takes WebSockets"});if(!service.settings.cors&&isForeign(c.req.raw))throw refusal(403,"AUTHENTICATION");if(!service.streams.enter())throw service.crowded();try{let{socket,response}=Deno.upgradeWebSocket(c.req.raw);return new Line(socket,service),response}catch(error){throw service.streams.leave(),error}}var Line=class{#socket;#service;#calls=new Map;constructor(socket,service){this.#socket=socket,this.#service=service,socket.onmessage=({data})=>this.#receive(data),socket.onclose=()=>this.#close()}#close(){for(let patience of this.#calls.values())patience.abandon();this.#service.streams.leave()}#receive(text){let{maxBody,maxDepth}=this.#service.settings;if(this.#socket.readyState!==WebSocket.OPEN)return;if(this.#socket.bufferedAmount>MOST_UNREAD)return this.#socket.close(1008,"Read your answers");if(typeof text!="string")return this.#socket.close(1003,"Send texts");if(text.length>maxBody)return this.#socket.close(1009,"Too large");if(isDeeper(text,maxDepth+1))return this.#socket.close(1007,"Nested too deep");let frame=frameOf(text);if(frame===void 0)return this.#socket.close(1007,"This is no frame");if(frame.kind==="cancel")return void this.#calls.get(frame.id)?.abandon();this.#serve(frame).catch(error=>this.#send(frame.id,"problem",problemOf(error)))}async#serve({id,kind,type,payload}){let one=this.#service.published.get(type);if(one===void 0)throw refusal(404,"UNKNOWN_MESSAGE");if(this.#calls.has(id))throw refusal(400,"VALIDATION",{detail:"This id is in use"});let gate=this.#service[kind==="stream"?"streams":"pending"];if(!gate.enter())throw this.#service.crowded();let patience=this.#service.watch.enter();this.#calls.set(id,patience);let run=payload2=>this.#run(one,{id,kind,payload:payload2,patience});try{await this.#service.call(one,payload,run)}finally{this.#calls.delete(id),this.#service.seeOut(patience,performance.now()),gate.leave()}}async#run(one,{id,kind,payload,patience}){if((kind==="stream"&&!one.isStream?void 0:one[kind])===void 0||kind==="ask"&&one.isStream)throw refusal(400,"NOT_SUPPORTED",{detail:`"${one.name}" does not take ${kind}`});if(kind==="ask")return this.#send(id,"reply",await this.#service.ask(one,payload,patience));if(kind==="tell")return await one.tell(payload,this.#service.grant(patience)),this.#send(id,"accepted");for await(let item of one.stream(payload,patience.signal))this.#send(id,"item",item),await this.#roomToSend();this.#send(id,"end")}async#roomToSend(){for(;this.#socket.bufferedAmount>MOST_UNSENT&&this.#socket.readyState===WebSocket.OPEN;)await new Promise(resolve=>setTimeout(resolve,PAUSE_MS))}#send(id,kind,payload=null){this.#socket.readyState===WebSocket.OPEN&&this.#socket.send(JSON.stringify({id,kind,payload}))}};function frameOf(text){try{let{id,kind,type,payload}=JSON.parse(text);return!(typeof id=="number"||typeof id=="string"&&id.length<=64)||!KINDS.has(kind)||kind!=="cancel"&&typeof type!="string"?void 0:{id,kind,type,payload}}catch{return}}var CROWDED=problem(503,"FULL",{detail:"Too many requests are on their way",maybeExecuted:!1}),EdgeService=class{published;pending;streams;watch;settings;#title;#bodies;#time;#admission;#jobs;#tally;#observed;constructor({title,published,workers},options){this.#title=title,this.#admission=workers&&new Admission(workers,()=>this.crowded()),this.published=new Map(published.map(one=>[one.name,one])),this.settings=settingsOf(options),this.pending=new Gate(this.settings.maxPending,this.settings.maxBody),this.streams=new Gate(this.settings.maxStreams),this.watch=new Watch(this.settings.timeout,this.settings.bodyTimeout),this.#bodies=new BodyReader(this.settings,this.pending);let{timeout}=this.settings;this.#time={ms:timeout,late:()=>new TimeoutError("answer a request",timeout)},this.#jobs=new Jobs(this.settings.maxJobs),this.#observed=options.observed??observatory,this.#tally=this.#observed.tally(title),this.#observed.addJobs(title,this.#jobs)}app(){let app=new Hono,{settings}=this;settings.cors&&app.use(cors({origin:settings.cors===!0?"*":settings.cors}));for(let one of this.published.values())app.all(pathOf(one.name),c=>inTraceOf(c.req.raw,()=>this.#answer(c,one)));app.on(["GET","DELETE"],"/jobs/:id",c=>this.#guarded(()=>this.#showJob(c)));let socket=settings.websocket===!0?"/ws":settings.websocket;if(socket&&app.get(socket,c=>this.#guarded(()=>serveSocket(c,this))),settings.openapi!==!1){let about=settings.openapi??{title:this.#title,version:"1.0.0"},document=openApi(about,this.published.values());app.get("/openapi.json",c=>c.json(document))}return app.all("*",()=>problemResponse(problem(404,"UNKNOWN_MESSAGE"))),app}async call(one,given,run){let began=performance.now(),status=200;try{let parsed=await validated(one.input,given);return await run({given,parsed})}catch(error){throw status=this.#statusOf(error,one),error}finally{this.#tally.count(one.name,status,performance.now()-began)}}ask(one,payload,patience){let wanted=this.grant(patience),turn=this.#admission?.enter(wanted,performance.now());return turn!==void 0?turn.then(()=>this.#askNow(one,payload,patience)):this.#askNow(one,payload,patience)}#askNow(one,payload,patience){return patience.isLetIn=!0,one.ask(payload,{wanted:patience})}grant(patience){return patience.limit(this.#time),patience}seeOut(patience,now){this.watch.leave(patience),patience.isLetIn&&this.#admission?.leave(now)}async#answer(c,one){let{raw}=c.req,refused=this.#refused(raw);if(refused!==void 0)return refused;let patience=this.watch.enter(raw),began=performance.now(),status=200;try{let given=await this.#bodies.readJson(raw,patience),mode=modeOf(c),parsed=validated(one.input,given),payload={given,parsed:parsed instanceof Promise?await parsed:parsed};if(mode!=="ask"||one.isStream)return await this.#replyLater(c,one,{payload,mode,patience});let value=await this.ask(one,payload,patience);return c.json(value===void 0?null:value)}catch(error){return status=this.#statusOf(error,one),this.#failed(error)}finally{let now=performance.now();this.seeOut(patience,now),this.pending.leave(),this.#tally.count(one.name,status,now-began)}}#refused(request){return request.method!=="POST"?problemResponse(problem(405,"NOT_SUPPORTED"),{allow:"POST"}):!this.settings.cors&&isForeign(request)?problemResponse(problem(403,"AUTHENTICATION")):this.pending.enter()?void 0:problemResponse(CROWDED,this.#comeAgain())}async#replyLater(c,one,{payload,mode,patience}){if(mode==="job")return this.#beginJob(c,one,payload);if(mode==="ask")return await this.#stream(c,one,payload);if(one.tell===void 0)throw refusal(400,"NOT_SUPPORTED",{detail:"This cannot be told, only asked"});return await one.tell(payload,this.grant(patience)),c.json(null,202)}async#stream(c,one,payload){if(!this.streams.enter())throw this.crowded();try{let items=await opened(one.stream(payload,c.req.raw.signal)),skip=lastEventId(c.req.header("last-event-id"));return eventStream(items,{skip,heartbeat:this.settings.heartbeat,ended:error=>{this.streams.leave(),error!==void 0&&this.#statusOf(error,one)}})}catch(error){throw this.streams.leave(),error}}#beginJob(c,one,payload){let job=this.#jobs.begin(one.name,async(signal,progress)=>{try{if(!one.isStream){let onProgress=(done,total)=>progress({done,total});return asJson(await one.ask(payload,{wanted:wantedUntil(signal),onProgress}))}let last;for await(let item of one.stream(payload,signal))progress(last=asJson(item));return last}catch(error){throw signal.aborted||this.#statusOf(error,one),error}});if(job===void 0)throw this.crowded();let{pathname}=new URL(c.req.url),location=`${pathname.slice(0,pathname.lastIndexOf("/"))}/jobs/${job.id}`;return c.json(job,202,{location,"preference-applied":"respond-async"})}#showJob(c){if(!this.settings.cors&&isForeign(c.req.raw))throw refusal(403,"AUTHENTICATION");let id=c.req.param("id")??"",status=c.req.method==="DELETE"?this.#jobs.cancel(id):this.#jobs.get(id);if(status===void 0)throw refusal(404,"UNKNOWN_MESSAGE");if(c.req.method==="DELETE"||!c.req.header("accept")?.includes("text/event-stream"))return c.json(status);if(!this.streams.enter())throw this.crowded();let ended=()=>this.streams.leave();return eventStream(this.#jobs.follow(id),{heartbeat:this.settings.heartbeat,ended})}crowded(){return refusal(503,"FULL",{...CROWDED,headers:this.#comeAgain()})}#comeAgain(){return{"retry-after":retryAfter(this.settings.retryAfter)}}#guarded(answer){try{return answer()}catch(error){return error instanceof HTTPException3||this.#report(error,"a route"),this.#failed(error)}}#failed(error){if(error instanceof HTTPException3)return error.getResponse();let found=problemOf(error);return problemResponse(found,found.status===503?this.#comeAgain():{})}#statusOf(error,one){let{status}=problemOf(error);return status===500&&this.#report(error,one.name),status}#report(error,name){this.#observed.log("error",`${this.#title} "${name}" failed: ${textOf2(error)}`),this.settings.onError?this.settings.onError(error,name):console.error(`${this.#title} "${name}" failed:`,error)}};function textOf2(error){return error instanceof Error?`${error.name}: ${error.message}`:String(error)}function actorRoutes(actor,ref,options={}){let{accepts,name,module}=actor,title=name||module?.id||"actor",messages=Object.entries(accepts??{});if(messages.length===0)throw new TypeError(`Cannot publish actor "${title}": no message of it has a schema here`);let published=messages.map(([message,input])=>({...callsOf(ref,message),name:message,input,isStream:isGenerator(actor,message)||(options.streams?.includes(message)??!1)}));return new EdgeService({title,published,workers:options.shed?()=>1:void 0},options).app()}function callsOf(ref,name){let tell=ref.tell[name],stream=ref.stream[name];return{ask:({given},{wanted})=>askSoon(ref,{name,payload:[given]},wanted),tell:({given},{signal})=>tell(given,{signal}),stream:({given},signal)=>stream(given,{signal})}}var GENERATORS=new Set(["GeneratorFunction","AsyncGeneratorFunction"]);function isGenerator(actor,message){let handler=typeof actor=="function"?Reflect.get(actor.prototype,message):actor.handlers[message];return GENERATORS.has(handler?.constructor?.name)}function publish(input,target,options={}){return Object.freeze({input,target,...options})}function poolRoutes(pool,tasks,options={}){let published=Object.entries(tasks).map(([name,{input,target,retry}])=>({name,input,isStream:!1,ask:({parsed},{wanted,onProgress})=>{let result=pool.applyAsync(target,[parsed],{retry,onProgress});return wanted.onEnd(reason=>result.cancel(reason)),result}})),workers=options.shed===!1?void 0:()=>pool.stats().size,serving={title:"pool",published,workers};return new EdgeService(serving,options).app()}import{Hono as Hono2}from"hono";var ACTIONS=new Map([["actors/stop",(observed,id)=>withActor(observed,id,ref=>ref.stop({timeout:5e3}))],["actors/restart",(observed,id)=>withActor(observed,id,ref=>ref.kill())],["pools/drain",({things},name)=>withOne(things.pools.get(name),pool=>pool.close())],["pools/restart",({things},name)=>withOne(things.pools.get(name),pool=>pool.killWorkers(1))],["jobs/cancel",({jobs},id)=>[...jobs.values()].some(list=>list.cancel(id))],["letters/drop",(observed,n)=>observed.takeLetter(Number(n))!==void 0],["letters/replay",replay]]);async function act(observed,{kind,name,action}){let found=ACTIONS.get(`${kind}/${action}`);return found===void 0||!await found(observed,name)?!1:(observed.log("warn",`dashboard: ${action} ${kind} "${name}"`),!0)}async function replay(observed,n){let letter=observed.letters.find(one=>one.n===Number(n)),ref=letter&&findActor(observed,letter.actor);return!letter||!ref?!1:(await ref.tell[letter.message.type](letter.message.payload,{timeout:5e3}),observed.takeLetter(letter.n)!==void 0)}async function withActor(observed,id,action){return await withOne(findActor(observed,id),action)}async function withOne(one,action){return one===void 0?!1:(await action(one),!0)}function findActor({things},id){for(let ref of things.actors.values())if(ref.id===id)return ref;for(let supervisor of things.supervisors.values()){let found=findBelow(supervisor,id);if(found)return found}}function findBelow(supervisor,id){for(let child of supervisor.which()){let below=supervisor.children[child.name];if(typeof below!="object"||below===null)continue;let found="which"in below?findBelow(below,id):child.id===id?below:void 0;if(found)return found}}var PROXIES_SAY=["forwarded","via","x-real-ip","x-forwarded-for","x-forwarded-host","x-forwarded-proto"];function denialOf(request,peer,{token}){let{headers}=request;if(isForeign(request)&&headers.get("sec-fetch-mode")!=="navigate")return 403;if(token!==void 0)return hasToken(headers,token)?void 0:401;let name=headers.get("host")??new URL(request.url).host;if(!isLoopbackName(name))return 421;let isProxied=PROXIES_SAY.some(header=>headers.has(header));return isLoopback(peer.remoteAddr?.hostname)&&!isProxied?void 0:403}function mayAct(request,key){return!isForeign(request)&&isSame(request.headers.get("x-troupe-key")??"",key)}function hasToken(headers,token){let given=headers.get("authorization")??"",at=given.indexOf(" "),[scheme,value]=[given.slice(0,at),given.slice(at+1)];if(/^bearer$/i.test(scheme))return isSame(value,token);if(!/^basic$/i.test(scheme))return!1;try{let text=new TextDecoder().decode(Uint8Array.from(atob(value),c=>c.charCodeAt(0)));return isSame(text.slice(text.indexOf(":")+1),token)}catch{return!1}}function isSame(given,secret){let difference=given.length^secret.length;for(let at=0;at<given.length;at++)difference|=given.charCodeAt(at)^secret.charCodeAt(at%secret.length);return difference===0}function isLoopback(address){return address!==void 0&&/^(?:127\.|::1$|::ffff:127\.)/.test(address)}function isLoopbackName(host){return/^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i.test(host)}var page_default=`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="troupe-key" content="{{key}}">
    <meta name="troupe-base" content="{{base}}">
    <title>Troupe</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="{{base}}page.css">
    <script type="module" src="{{base}}page.js"></script>
  </head>
  <body>
    <a class="skip" href="#view">Skip to content</a>
    <header>
      <h1>Troupe</h1>
      <p id="link" role="status">connecting</p>
      <nav aria-label="Views" id="nav"></nav>
    </header>
    <main id="view" tabindex="-1"></main>
    <footer>
      <p>Keys <kbd>1</kbd>\u2013<kbd>7</kbd> change the view, <kbd>/</kbd> filters, <kbd>p</kbd> pauses.</p>
    </footer>
    <p id="said" role="alert"></p>
    <noscript>This page needs JavaScript; <code>deno task top</code> does not.</noscript>
  </body>
</html>
`;var page_default2=`// Runs in: a browser. Shows the snapshots that come as events; the view that is seen is the only one made.
const meta = (name) => document.querySelector(\`meta[name="troupe-\${name}"]\`).content;
const [key, base] = [meta("key"), meta("base")];
const byId = (id) => document.getElementById(id);

const VIEWS = [
  ["overview", "Overview"],
  ["actors", "Actors"],
  ["pools", "Pools"],
  ["tasks", "Tasks"],
  ["queues", "Queues"],
  ["letters", "Dead letters"],
  ["log", "Log"],
];
const MOST_HISTORY = 120;

let snapshot;
let paused = false;
let filter = "";
/** Rates of the last minute, by actor id; "" is all of them. */
const history = new Map();

/** Makes an element; texts are never read as HTML. */
function h(tag, attributes, ...children) {
  const isSvg = tag === "svg" || tag === "polyline";
  const made = isSvg
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== ""));
  return made;
}

/** Makes \`old\` look like \`made\` and keeps what is the same, with its focus and its scroll position. */
function morph(old, made) {
  if (old.nodeType !== made.nodeType || old.nodeName !== made.nodeName) {
    return old.replaceWith(made);
  }
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== made.data) old.data = made.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!made.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of made.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  const [before, after] = [[...old.childNodes], [...made.childNodes]];
  after.forEach((child, at) => before[at] ? morph(before[at], child) : old.append(child));
  before.slice(after.length).forEach((child) => child.remove());
}

const number = (value) => Math.round(value).toLocaleString("en");
const rate = (value) => value < 10 ? value.toFixed(1) : number(value);
const bytes = (value) => \`\${number(value / 2 ** 20)} MB\`;
const ms = (value) => {
  if (value >= 1000) return \`\${(value / 1000).toFixed(1)} s\`;
  if (value > 0 && value < 0.1) return \`\${number(value * 1000)} \xB5s\`;
  return \`\${value < 10 ? value.toFixed(1) : number(value)} ms\`;
};
const clock = (at) => new Date(at).toLocaleTimeString("en-GB");
const state = (name) => h("span", { class: \`state \${name}\` }, name);
const none = (text) => h("p", { class: "none" }, text);

function button(path, label, danger) {
  if (!key) return undefined;
  return h("button", { "data-act": path, class: danger ? "danger" : undefined }, label);
}

function table(columns, rows, empty) {
  if (rows.length === 0) return h("div", { class: "scroll" }, none(empty));
  const head = columns.map(([label, kind]) => h("th", { class: kind, scope: "col" }, label));
  return h(
    "div",
    { class: "scroll" },
    h(
      "table",
      null,
      h("thead", null, h("tr", null, head)),
      h(
        "tbody",
        null,
        rows.map(({ cells, picked }) =>
          h(
            "tr",
            { class: picked ? "picked" : undefined },
            cells.map((cell, at) => h("td", { class: columns[at][1] }, ...[cell].flat())),
          )
        ),
      ),
    ),
  );
}

function spark(id, label) {
  const values = history.get(id) ?? [];
  const top = Math.max(1, ...values);
  const points = values.map((value, at) =>
    \`\${at + MOST_HISTORY - values.length},\${(50 - 46 * value / top).toFixed(1)}\`
  );
  return h(
    "svg",
    {
      class: "spark",
      viewBox: \`0 0 \${MOST_HISTORY} 54\`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": label,
    },
    h("polyline", { points: points.join(" ") }),
  );
}

function tile(label, value, unit, level) {
  return h(
    "div",
    { class: \`tile \${level ?? ""}\` },
    h("dt", null, label),
    h("dd", null, value, unit ? h("small", null, \` \${unit}\`) : ""),
  );
}

function tiles({ overview: o }) {
  return h(
    "dl",
    { class: "tiles" },
    tile("Messages and tasks", rate(o.rate), "/s"),
    tile("HTTP calls", rate(o.requests), "/s"),
    tile("Slowest p50 / p99", \`\${ms(o.p50)}\`, \`/ \${ms(o.p99)}\`),
    tile("Actors", number(o.actors)),
    tile("Restarts", number(o.restarts), "", o.restarts > 0 ? "warn" : ""),
    tile("Dead letters", number(o.deadLetters), "", o.deadLetters > 0 ? "bad" : ""),
    tile("Memory", bytes(o.rss)),
    tile(
      "Shared memory",
      bytes(o.arenaUsed),
      \`of \${bytes(o.arenaSize)}\`,
      o.arenaUsed > o.arenaSize * 0.8 ? "bad" : "",
    ),
    tile("Event loop late", ms(o.lag), "", o.lag > 100 ? "bad" : o.lag > 20 ? "warn" : ""),
  );
}

/** Actors and supervisors with their depth in the tree. */
function flat(nodes, depth = 0) {
  return nodes.flatMap((node) => [{ ...node, depth }, ...flat(node.children, depth + 1)]);
}

function actorTable(picked, most = Infinity) {
  const rows = flat(snapshot.tree).filter(matches).slice(0, most).map((node) => {
    const isActor = node.kind === "actor";
    const full = \`\${node.mailbox} of \${node.capacity} messages\`;
    return {
      picked: node.id === picked,
      cells: [
        [
          "\\u2003".repeat(node.depth),
          isActor
            ? h("a", { href: \`#actors/\${encodeURIComponent(node.id)}\` }, node.name)
            : \`\u25BE \${node.name}\`,
        ],
        state(node.state),
        isActor
          ? [
            h("meter", {
              min: 0,
              max: Math.max(1, node.capacity),
              low: node.capacity * 0.5,
              high: node.capacity * 0.8,
              optimum: 0,
              value: node.mailbox,
              title: full,
              "aria-label": full,
            }),
            \` \${number(node.mailbox)}\`,
          ]
          : "",
        isActor ? rate(node.rate) : "",
        isActor ? ms(node.p50) : "",
        isActor ? ms(node.p99) : "",
        number(node.restarts),
      ],
    };
  });
  const columns = [
    ["Name", ""],
    ["State", ""],
    ["Mailbox", ""],
    ["/s", "n"],
    ["p50", "n optional"],
    ["p99", "n"],
    ["Restarts", "n optional"],
  ];
  return table(columns, rows, 'No actor is observed yet: observe("name", ref)');
}

function more(count) {
  return count > 0 ? h("p", null, h("a", { href: "#actors" }, \`\${number(count)} more\`)) : "";
}

function figures(pairs) {
  return h(
    "dl",
    { class: "figures" },
    pairs.map(([label, value]) => h("div", null, h("dt", null, label), h("dd", null, value))),
  );
}

function actorCard(id) {
  const node = flat(snapshot.tree).find((one) => one.id === id);
  if (!node) return h("div", { class: "card" }, none(\`There is no actor "\${id}" any more.\`));
  const lines = snapshot.log.filter(({ text }) => text.includes(id)).slice(-8);
  return h(
    "section",
    { class: "card", "aria-label": \`Actor \${id}\` },
    h("h3", null, node.id, state(node.state)),
    figures([
      ["handled", number(node.handled)],
      ["a second", rate(node.rate)],
      ["waiting", \`\${node.mailbox} of \${node.capacity}\`],
      ["dropped", number(node.dropped)],
      ["restarts", number(node.restarts)],
      ["p50", ms(node.p50)],
      ["p99", ms(node.p99)],
    ]),
    spark(id, "Messages a second, last minute"),
    h(
      "div",
      { class: "row" },
      button(\`actors/\${encodeURIComponent(id)}/stop\`, "Stop"),
      button(\`actors/\${encodeURIComponent(id)}/restart\`, "Kill and restart", true),
    ),
    logList(lines, "Nothing happened to it lately."),
  );
}

function poolCards() {
  if (snapshot.pools.length === 0) {
    return h("div", { class: "card" }, none('No pool is observed yet: observe("name", pool)'));
  }
  return h(
    "div",
    { class: "cards" },
    snapshot.pools.map((pool) => {
      const workers = Array.from(
        { length: pool.size },
        (_, at) =>
          h("li", { class: at < pool.busy ? "busy" : "", title: at < pool.busy ? "busy" : "idle" }),
      );
      const path = \`pools/\${encodeURIComponent(pool.name)}\`;
      return h(
        "section",
        { class: "card", "aria-label": \`Pool \${pool.name}\` },
        h("h3", null, pool.name, h("small", null, \`\${pool.busy} of \${pool.size} workers busy\`)),
        h("ul", { class: "workers", "aria-hidden": "true" }, workers),
        figures([
          ["a second", rate(pool.rate)],
          ["waiting", number(pool.queued)],
          ["done", number(pool.completed)],
          ["failed", number(pool.failed)],
          ["replaced", number(pool.restarts)],
        ]),
        h(
          "div",
          { class: "row" },
          button(\`\${path}/drain\`, "Drain"),
          button(\`\${path}/restart\`, "Replace a worker", true),
        ),
      );
    }),
  );
}

function callTable() {
  const rows = snapshot.calls.filter(matches).map((call) => ({
    cells: [
      \`\${call.service}/\${call.name}\`,
      rate(call.rate),
      number(call.count),
      Object.entries(call.statuses).map(([status, count]) =>
        h("span", { class: "status" }, \`\${status}: \${number(count)} \`)
      ),
      ms(call.p50),
      ms(call.p99),
    ],
  }));
  return table(
    [
      ["Call", ""],
      ["/s", "n"],
      ["Count", "n optional"],
      ["By status", "wraps"],
      ["p50", "n optional"],
      ["p99", "n"],
    ],
    rows,
    "No call over HTTP yet.",
  );
}

function jobTable() {
  const rows = snapshot.jobs.filter(matches).map((job) => ({
    cells: [
      \`\${job.service}/\${job.name}\`,
      state(job.status),
      clock(job.startedAt),
      ms((job.endedAt ?? snapshot.at) - job.startedAt),
      h("code", null, job.id.slice(0, 8)),
      job.status === "running" ? button(\`jobs/\${job.id}/cancel\`, "Cancel", true) ?? "" : "",
    ],
  }));
  return table(
    [["Job", ""], ["State", ""], ["Began", ""], ["Took", "n"], ["Id", "optional"], ["", ""]],
    rows,
    "No long work yet: ?mode=job begins some.",
  );
}

function queueTables() {
  const queues = snapshot.queues.map(({ name, size }) => ({ cells: [name, number(size)] }));
  const locks = snapshot.locks.map(({ name, locked }) => ({
    cells: [name, state(locked ? "held" : "free")],
  }));
  return h(
    "div",
    { class: "two" },
    h(
      "section",
      null,
      h("h2", null, "Queues"),
      table([["Name", ""], ["Items", "n"]], queues, "No queue is observed yet."),
    ),
    h(
      "section",
      null,
      h("h2", null, "Locks"),
      table([["Name", ""], ["State", ""]], locks, "No lock is observed yet."),
    ),
  );
}

/** Of a long payload the snapshot has the beginning of its JSON, which is JSON already. */
function jsonOf(payload) {
  if (typeof payload === "string" && payload.endsWith("\u2026")) return payload;
  return JSON.stringify(payload) ?? "";
}

function letterTable() {
  const rows = snapshot.deadLetters.filter(matches).map((letter) => ({
    cells: [
      clock(letter.at),
      letter.actor,
      letter.message.type,
      letter.reason,
      h("code", null, jsonOf(letter.message.payload)),
      [
        button(\`letters/\${letter.n}/replay\`, "Replay") ?? "",
        " ",
        button(\`letters/\${letter.n}/drop\`, "Drop", true) ?? "",
      ],
    ],
  }));
  return table(
    [
      ["When", "optional"],
      ["Actor", ""],
      ["Message", ""],
      ["Why", "optional"],
      ["Payload", "wide"],
      ["", ""],
    ],
    rows,
    "No dead letters.",
  );
}

function logList(lines, empty) {
  if (lines.length === 0) return none(empty);
  return h(
    "ol",
    { class: "log" },
    lines.map((line) =>
      h("li", { class: line.level }, h("time", null, clock(line.at)), \` \${line.text}\`)
    ),
  );
}

/** Whether an entry has the filter's text somewhere. */
function matches(entry) {
  return filter === "" || JSON.stringify(entry).toLowerCase().includes(filter);
}

function filterBox(label) {
  return h(
    "div",
    { class: "row" },
    h("input", {
      id: "filter",
      type: "search",
      placeholder: "Filter",
      "aria-label": \`Filter \${label}\`,
    }),
  );
}

function view(name, picked) {
  const section = (title, ...inside) => [h("h2", null, title), ...inside];
  switch (name) {
    case "actors":
      return [
        filterBox("actors"),
        h(
          "div",
          { class: picked ? "two" : "" },
          actorTable(picked),
          picked ? actorCard(picked) : "",
        ),
      ];
    case "pools":
      return section("Pools", poolCards());
    case "tasks":
      return [
        filterBox("tasks"),
        ...section("Long work", jobTable()),
        ...section("Calls over HTTP", callTable()),
      ];
    case "queues":
      return [queueTables()];
    case "letters":
      return [filterBox("dead letters"), letterTable()];
    case "log":
      return [
        filterBox("log"),
        h(
          "div",
          { class: "scroll" },
          logList(snapshot.log.filter(matches).reverse(), "Nothing yet."),
        ),
      ];
    default:
      return [
        tiles(snapshot),
        ...section(
          "Messages and tasks a second",
          h("div", { class: "card" }, spark("", "Messages a second, last minute")),
        ),
        ...section("Actors", actorTable("", 12), more(flat(snapshot.tree).length - 12)),
        ...section("Pools", poolCards()),
        ...section("Calls over HTTP", callTable()),
      ];
  }
}

function where() {
  const [name, picked] = location.hash.slice(1).split("/");
  return [
    VIEWS.some(([id]) => id === name) ? name : "overview",
    picked && decodeURIComponent(picked),
  ];
}

function draw() {
  const [name, picked] = where();
  morph(
    byId("nav"),
    h(
      "nav",
      { "aria-label": "Views", id: "nav" },
      VIEWS.map(([id, label]) =>
        h("a", { href: \`#\${id}\`, "aria-current": id === name ? "page" : undefined }, label)
      ),
    ),
  );
  if (!snapshot) return;
  document.title = \`\${number(snapshot.overview.rate)}/s \xB7 Troupe\`;
  morph(byId("view"), h("main", { id: "view", tabindex: "-1" }, view(name, picked)));
}

function remember() {
  const add = (id, value) => {
    const values = history.get(id) ?? [];
    values.push(value);
    if (values.length > MOST_HISTORY) values.shift();
    history.set(id, values);
  };
  add("", snapshot.overview.rate);
  const nodes = flat(snapshot.tree);
  for (const node of nodes) add(node.id, node.rate);
  const ids = new Set(["", ...nodes.map(({ id }) => id)]);
  for (const id of history.keys()) if (!ids.has(id)) history.delete(id);
}

function say(text) {
  byId("said").textContent = text;
  setTimeout(() => byId("said").textContent = "", 4000);
}

function setLink(name, text) {
  byId("link").dataset.state = name;
  byId("link").textContent = text;
}

async function act(path, label) {
  if (!confirm(\`\${label}?\`)) return;
  const { ok, status } = await fetch(\`\${base}api/\${path}\`, {
    method: "POST",
    headers: { "x-troupe-key": key },
  });
  say(ok ? \`\${label}: done\` : \`\${label}: refused (\${status})\`);
}

document.addEventListener("click", ({ target }) => {
  const { act: path } = target.dataset ?? {};
  if (path) act(path, target.textContent).catch((error) => say(error.message));
});
document.addEventListener("input", ({ target }) => {
  if (target.id !== "filter") return;
  filter = target.value.toLowerCase();
  draw();
});
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^[1-7]$/.test(event.key)) location.hash = VIEWS[event.key - 1][0];
  else if (event.key === "/" && byId("filter")) {
    event.preventDefault();
    byId("filter").focus();
  } else if (event.key === "p") {
    paused = !paused;
    setLink(paused ? "paused" : "live", paused ? "paused" : "live");
  }
});
addEventListener("hashchange", () => {
  filter = "";
  draw();
  if (byId("filter")) byId("filter").value = "";
});

const source = new EventSource(\`\${base}events\`);
source.addEventListener("open", () => setLink("live", "live"));
source.addEventListener("error", () => setLink("lost", "connection lost, trying again"));
source.addEventListener("message", ({ data }) => {
  if (paused) return;
  snapshot = JSON.parse(data);
  remember();
  draw();
});
draw();
`;var page_default3=`:root {
  color-scheme: light dark;
  --back: light-dark(#f6f7f9, #14161a);
  --card: light-dark(#ffffff, #1d2026);
  --line: light-dark(#dfe3e8, #30353e);
  --text: light-dark(#1a1d21, #e8eaed);
  --soft: light-dark(#5a626d, #9aa3af);
  --key: light-dark(#1757c2, #7fb0ff);
  --good: light-dark(#1b7f3b, #55cf82);
  --warn: light-dark(#9a6200, #f0b429);
  --bad: light-dark(#b3261e, #ff8a80);
  --gap: 12px;
}
* {
  box-sizing: border-box;
}
body {
  margin: 0;
  background: var(--back);
  color: var(--text);
  font: 14px/1.45 system-ui, sans-serif;
  font-variant-numeric: tabular-nums;
}
header {
  position: sticky;
  top: 0;
  z-index: 1;
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 4px 16px;
  padding: 8px 20px;
  background: var(--card);
  border-bottom: 1px solid var(--line);
}
h1 {
  margin: 0;
  font-size: 17px;
}
h2 {
  margin: 24px 0 8px;
  font-size: 15px;
}
h2:first-child {
  margin-top: 0;
}
#link {
  margin: 0;
  color: var(--soft);
}
#link::before {
  content: "\u25CF ";
}
#link[data-state="live"]::before {
  color: var(--good);
}
#link[data-state="lost"]::before {
  color: var(--bad);
}
nav {
  display: flex;
  gap: 2px;
  margin-left: auto;
  overflow-x: auto;
}
nav a {
  padding: 6px 10px;
  border-radius: 6px;
  color: var(--soft);
  text-decoration: none;
  white-space: nowrap;
}
nav a[aria-current="page"] {
  background: color-mix(in srgb, var(--key) 14%, transparent);
  color: var(--key);
  font-weight: 600;
}
main {
  max-width: 1240px;
  margin: 0 auto;
  padding: 20px;
  outline: none;
}
.tiles {
  display: grid;
  grid-template-columns: repeat(auto-fill, minmax(200px, 1fr));
  gap: var(--gap);
}
.tile,
.card {
  padding: 12px 14px;
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 10px;
}
.tile dt {
  color: var(--soft);
  font-size: 12px;
}
.tile dd {
  margin: 2px 0 0;
  font-size: 22px;
  font-weight: 600;
  white-space: nowrap;
}
.tile dd small {
  color: var(--soft);
  font-size: 12px;
  font-weight: 400;
}
.tile.bad dd {
  color: var(--bad);
}
.tile.warn dd {
  color: var(--warn);
}
.two {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr));
  gap: var(--gap);
  align-items: start;
}
.cards {
  display: grid;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr));
  gap: var(--gap);
}
.card h3 {
  display: flex;
  gap: 8px;
  align-items: baseline;
  margin: 0 0 8px;
  font-size: 14px;
}
.scroll {
  overflow-x: auto;
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 10px;
}
table {
  width: 100%;
  border-collapse: collapse;
}
th,
td {
  padding: 7px 12px;
  border-bottom: 1px solid var(--line);
  text-align: left;
  white-space: nowrap;
}
tr:last-child td {
  border-bottom: 0;
}
th {
  color: var(--soft);
  font-size: 12px;
  font-weight: 500;
}
td.n,
th.n {
  text-align: right;
}
td.wide {
  width: 100%;
  max-width: 0;
  overflow: hidden;
  text-overflow: ellipsis;
}
td.wraps {
  white-space: normal;
}
.status {
  display: inline-block;
  margin-right: 10px;
  white-space: nowrap;
}
tr.picked td {
  background: color-mix(in srgb, var(--key) 8%, transparent);
}
main a {
  color: var(--key);
}
meter {
  width: 90px;
  height: 12px;
  vertical-align: middle;
}
.state::before {
  content: "\u25CF ";
  color: var(--soft);
}
.state.running::before,
.state.ready::before,
.state.done::before,
.state.free::before {
  color: var(--good);
}
.state.restarting::before,
.state.starting::before,
.state.stopping::before,
.state.cancelled::before,
.state.held::before {
  color: var(--warn);
}
.state.stopped::before,
.state.failed::before {
  color: var(--bad);
}
.workers {
  display: flex;
  flex-wrap: wrap;
  gap: 4px;
  margin: 0 0 8px;
  padding: 0;
  list-style: none;
}
.workers li {
  width: 16px;
  height: 16px;
  border: 2px solid var(--good);
  border-radius: 4px;
}
.workers li.busy {
  background: var(--good);
}
.figures {
  display: flex;
  flex-wrap: wrap;
  gap: 4px 16px;
  margin: 0 0 10px;
}
.figures div {
  display: flex;
  gap: 5px;
}
.figures dt {
  color: var(--soft);
}
.figures dd {
  margin: 0;
  font-weight: 600;
}
svg.spark {
  display: block;
  width: 100%;
  height: 54px;
  color: var(--key);
}
svg.spark polyline {
  fill: none;
  stroke: currentColor;
  stroke-width: 1.5;
  vector-effect: non-scaling-stroke;
}
button,
input {
  padding: 4px 10px;
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 6px;
  color: var(--text);
  font: inherit;
}
button {
  cursor: pointer;
}
button:hover {
  border-color: var(--key);
}
button.danger {
  color: var(--bad);
}
:focus-visible {
  outline: 2px solid var(--key);
  outline-offset: 1px;
}
.log {
  margin: 0;
  padding: 10px 14px;
  font: 12px/1.6 ui-monospace, monospace;
  list-style: none;
}
.log li {
  overflow-wrap: anywhere;
}
.log time {
  color: var(--soft);
}
.log .error {
  color: var(--bad);
}
.log .warn {
  color: var(--warn);
}
.none {
  margin: 0;
  padding: 14px;
  color: var(--soft);
}
.row {
  display: flex;
  flex-wrap: wrap;
  gap: 8px;
  align-items: center;
  margin-bottom: 8px;
}
#said:not(:empty) {
  position: fixed;
  right: 16px;
  bottom: 16px;
  margin: 0;
  padding: 10px 16px;
  background: var(--text);
  border-radius: 8px;
  color: var(--back);
}
.skip:not(:focus) {
  position: absolute;
  left: -999px;
}
footer {
  padding: 0 20px 20px;
  color: var(--soft);
  font-size: 12px;
  text-align: center;
}
@media (min-width: 1000px) {
  .two:has(> .scroll) {
    grid-template-columns: minmax(0, 3fr) minmax(0, 2fr);
  }
}
@media (max-width: 700px) {
  header {
    padding: 8px 12px;
  }
  nav {
    width: 100%;
    margin-left: 0;
    flex-wrap: wrap;
  }
  main {
    padding: 12px;
  }
  .tiles {
    grid-template-columns: repeat(2, 1fr);
  }
  .tile:last-child:nth-child(odd) {
    grid-column: 1 / -1;
  }
  .tile dd {
    font-size: 19px;
  }
  .optional {
    display: none;
  }
  th,
  td {
    padding: 7px 6px;
  }
  meter {
    width: 36px;
  }
}
`;function arenaUsage(){let{words,layout}=here().arena,pages=0;for(let page=0;page<layout.pages;page++)(load(words,8256+page)&7)!==0&&pages++;return{used:pages*65536,size:layout.pages*65536}}var FRESH_MS=200,SHOWN=100,Sampler=class{#observed;#counters=new Map;#last;#letters=new WeakMap;#lag=0;constructor(observed){this.#observed=observed}look(){let at=performance.now();return(this.#last===void 0||at-this.#last.at>FRESH_MS)&&(this.#last={at,snapshot:this.#look()}),this.#last.snapshot}async#look(){let{things,jobs,letters,lines}=this.#observed;await this.#measureLag();let tree=[];for(let[name,supervisor]of things.supervisors)tree.push(await this.#branch(name,supervisor));for(let[name,ref]of things.actors)tree.push(await this.#leaf(name,ref));let pools=[...things.pools].map(([name,pool])=>{let stats=pool.stats();return{name,...stats,rate:this.#rate(`pool ${name}`,stats.completed+stats.failed)}}),calls=this.#calls(),all=[...jobs].flatMap(([service,list])=>list.all().map(job=>({job,service})));return{at:Date.now(),overview:this.#overview(tree,pools,calls),tree,pools,queues:[...things.queues].map(([name,queue])=>({name,size:queue.qsize()})),locks:[...things.locks].map(([name,{locked}])=>({name,locked})),calls,jobs:all.sort((a,b)=>b.job.startedAt-a.job.startedAt).slice(0,SHOWN).map(shownJob),deadLetters:letters.slice(-SHOWN).reverse().map(letter=>this.#letter(letter)),log:lines.slice(-SHOWN)}}#letter(letter){let known=this.#letters.get(letter);if(known!==void 0)return known;let{type,payload}=letter.message,seen={...letter,message:{type,payload:shown(payload)}};return this.#letters.set(letter,seen),seen}async#measureLag(){let began=performance.now();await new Promise(resolve=>setTimeout(resolve,1)),this.#lag=Math.max(0,performance.now()-began-1)}#overview(tree,pools,calls){let actors=leavesOf(tree),sum=numbers=>numbers.reduce((total,one)=>total+one,0),{used,size}=arenaUsage();return{actors:actors.length,rate:sum([...actors,...pools].map(({rate})=>rate)),requests:sum(calls.map(({rate})=>rate)),p50:Math.max(0,...actors.map(({p50})=>p50)),p99:Math.max(0,...actors.map(({p99})=>p99)),restarts:sum([...actors,...pools].map(({restarts})=>restarts)),deadLetters:this.#observed.totals.deadLetters,rss:globalThis.Deno?.memoryUsage?.().rss??0,arenaUsed:used,arenaSize:size,lag:this.#lag}}#calls(){return[...this.#observed.tallies].flatMap(([service,tally])=>tally.figures().map(({seconds:_,...figures})=>({service,...figures,rate:this.#rate(`call ${service} ${figures.name}`,figures.count)})))}async#branch(name,supervisor){let children=[];for(let{name:below,id,state,restarts}of supervisor.which()){let child=supervisor.children[below],node=typeof child=="object"&&child!==null&&"which"in child?await this.#branch(below,child):await this.#leaf(below,child);children.push({...node,id,state,restarts})}return{...NOTHING,name,id:name,kind:"supervisor",state:"running",children}}async#leaf(name,ref){let seen=await inspect(ref);return{...NOTHING,...seen,name,rate:this.#rate(`actor ${ref.id}`,seen.handled)}}#rate(name,value){let at=performance.now(),last=this.#counters.get(name),seconds=last===void 0?0:(at-last.at)/1e3;if(last!==void 0&&seconds<FRESH_MS/2e3)return last.rate;let now=last===void 0?0:Math.max(0,value-last.value)/seconds,rate=last===void 0?0:Math.round((now*2+last.rate)/3*10)/10;return this.#counters.set(name,{value,at,rate}),rate}},NOTHING=Object.freeze({name:"",id:"",kind:"actor",state:"",mailbox:0,capacity:0,handled:0,dropped:0,rate:0,restarts:0,p50:0,p99:0,children:[]});function shownJob({job,service}){let{result:_,progress,...rest}=job;return{...rest,...progress===void 0?{}:{progress:shown(progress)},service}}function leavesOf(tree){return tree.flatMap(node=>node.kind==="actor"?[node]:leavesOf(node.children))}var HEADERS2={"cache-control":"no-store","content-security-policy":"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'","cross-origin-resource-policy":"same-origin","referrer-policy":"no-referrer","x-content-type-options":"nosniff","x-frame-options":"DENY"};function dashboard(options={}){let{auth,actions=!1,every=500,maxViewers=32,observed=observatory}=options;if(auth!==void 0&&!(auth.token.length>=16))throw new RangeError("Cannot make a dashboard with this token: 16 characters at least");observed.followSystem();let key=crypto.randomUUID(),sampler=new Sampler(observed),viewers=new Gate(maxViewers),app=new Hono2;return app.onError(error=>withHeaders("getResponse"in error?error.getResponse():problemResponse(problemOf(error)))),app.use(async(c,next)=>{let denial=denialOf(c.req.raw,c.env??{},{token:auth?.token});if(denial!==void 0)return denied(denial);await next(),withHeaders(c.res)}),app.get("/",c=>servePage(c,{key,actions})),app.get("/page.css",c=>c.body(page_default3,200,{"content-type":"text/css; charset=utf-8"})),app.get("/page.js",c=>c.body(page_default2,200,{"content-type":"text/javascript; charset=utf-8"})),app.get("/api/state",async c=>c.json(await sampler.look())),app.get("/events",()=>{if(!viewers.enter())throw refusal(503,"FULL");return eventStream(snapshots(sampler,every),{heartbeat:15e3,ended:()=>viewers.leave()})}),app.post("/api/:kind/:name/:action",async c=>{if(!actions||!mayAct(c.req.raw,key))throw refusal(403,"AUTHENTICATION");if(!await act(observed,c.req.param()))throw refusal(404,"UNKNOWN_MESSAGE");return c.json({done:!0})}),app.all("*",c=>{if(c.req.method==="GET"&&`${c.req.path}*`===c.req.routePath)return servePage(c,{key,actions});throw refusal(404,"UNKNOWN_MESSAGE")}),app}function servePage(c,{key,actions}){let{pathname}=new URL(c.req.url),base=pathname.endsWith("/")?pathname:`${pathname}/`;return c.html(page_default.replace("{{key}}",actions?key:"").replaceAll("{{base}}",()=>base))}function snapshots(sampler,every){let timer,wait=Promise.resolve();return new ReadableStream({async pull(controller){await wait,controller.enqueue(await sampler.look()),wait=new Promise(resolve=>timer=setTimeout(resolve,every))},cancel:()=>clearTimeout(timer)},{highWaterMark:0})}function denied(status){let headers=status===401?{"www-authenticate":'Basic realm="Troupe"'}:void 0;return withHeaders(problemResponse(problem(status,"AUTHENTICATION"),headers))}function withHeaders(response){for(let[name,value]of Object.entries(HEADERS2))response.headers.set(name,value);return response}import{Hono as Hono3}from"hono";function metrics(options={}){let observed=options.observed??observatory;observed.followSystem();let sampler=new Sampler(observed);return new Hono3().get("/",async c=>{let text=metricsText(await sampler.look(),observed);return c.text(text,200,{"content-type":"text/plain; version=0.0.4; charset=utf-8"})})}function metricsText(snapshot,observed){return[...actorMetrics(snapshot),...poolMetrics(snapshot),...callMetrics(observed),...systemMetrics(snapshot,observed)].map(metricText).join("")}function actorMetrics({tree}){let actors=leavesOf(tree),of=key=>actors.map(actor=>[{actor:actor.id},actor[key]]),latency=actors.flatMap(({id,p50,p99})=>[[{actor:id,quantile:.5},p50/1e3],[{actor:id,quantile:.99},p99/1e3]]);return[gauge("troupe_mailbox_messages","Messages that wait.",of("mailbox")),gauge("troupe_mailbox_capacity","Messages that a mailbox holds.",of("capacity")),counter("troupe_messages_handled_total","Messages handled.",of("handled")),counter("troupe_messages_dropped_total","Messages dropped by full mailboxes.",of("dropped")),counter("troupe_actor_restarts_total","Restarts.",of("restarts")),{name:"troupe_handler_seconds",type:"summary",help:"How long handlers take, to the factor of two.",samples:latency}]}function poolMetrics({pools,queues}){let of=key=>pools.map(pool=>[{pool:pool.name},pool[key]]);return[gauge("troupe_pool_workers","Workers that are up.",of("size")),gauge("troupe_pool_busy_workers","Workers with work.",of("busy")),gauge("troupe_pool_queued_tasks","Tasks that no worker has.",of("queued")),counter("troupe_pool_completed_total","Tasks that succeeded.",of("completed")),counter("troupe_pool_failed_total","Tasks that failed.",of("failed")),counter("troupe_pool_restarts_total","Workers that were replaced.",of("restarts")),gauge("troupe_queue_items","Items in queues.",queues.map(({name,size})=>[{queue:name},size]))]}function callMetrics({tallies}){let calls=[],seconds=[];for(let[service,tally]of tallies)for(let{name,statuses,seconds:total}of tally.figures()){for(let[status,count]of Object.entries(statuses))calls.push([{service,name,status},count]);seconds.push([{service,name},total])}return[counter("troupe_http_calls_total","Calls over HTTP, by status.",calls),counter("troupe_http_call_seconds_total","Seconds that calls over HTTP took.",seconds)]}function systemMetrics({overview},{totals}){let{arenaUsed,arenaSize,rss,lag}=overview;return[counter("troupe_dead_letters_total","Messages not handled.",[[{},totals.deadLetters]]),counter("troupe_crashes_total","Actors that crashed.",[[{},totals.crashes]]),gauge("troupe_arena_used_bytes","Shared memory in use.",[[{},arenaUsed]]),gauge("troupe_arena_size_bytes","Shared memory in all.",[[{},arenaSize]]),gauge("troupe_resident_memory_bytes","Memory of the program.",[[{},rss]]),gauge("troupe_event_loop_lag_seconds","How late a timer came.",[[{},lag/1e3]])]}function gauge(name,help,samples){return{name,type:"gauge",help,samples}}function counter(name,help,samples){return{name,type:"counter",help,samples}}function metricText({name,type,help,samples}){if(samples.length===0)return"";let lines=samples.map(([labels,value])=>{let inside=Object.entries(labels).map(([key,text])=>`${key}="${escaped(String(text))}"`);return`${name}${inside.length>0?`{${inside.join(",")}}`:""} ${value}
`});return`# HELP ${name} ${help}
# TYPE ${name} ${type}
${lines.join("")}`}function escaped(text){return text.replaceAll("\\","\\\\").replaceAll('"','\\"').replaceAll(`
`,"\\n")}export{Observatory,actorRoutes,dashboard,metrics,observatory,observe,poolRoutes,publish};
